// The RPC of rooms-api: the user directory, and the status that users have chosen.
import { type Static, Type } from "typebox";
import { ChosenStatus } from "./events.js";
import { defineRpc } from "./rpc.js";
import { UserId } from "./scalars.js";
import { IssuedProfile, User } from "./users.js";

/** Of two choices of a user, that with the higher revision is the later one. */
const StatusChoice = Type.Object({ status: ChosenStatus, revision: Type.Integer({ minimum: 0 }) });
export type StatusChoice = Static<typeof StatusChoice>;

export const roomsRpc = {
  /** Names and avatars, in the order requested; those of unknown users are null. */
  lookupUsers: defineRpc(
    "rooms.lookupUsers",
    Type.Object({ userIds: Type.Array(UserId, { maxItems: 1000 }) }),
    Type.Object({ users: Type.Array(User) }),
  ),
  /** Names and avatars from verified tokens. */
  learnUsers: defineRpc(
    "rooms.learnUsers",
    Type.Object({ users: Type.Array(IssuedProfile, { maxItems: 1000 }) }),
    Type.Object({}),
  ),
  /** Stores the status that a user chooses; or with a revision has chosen, unless they have chosen since. */
  chooseStatus: defineRpc(
    "rooms.chooseStatus",
    Type.Object({ userId: UserId, status: ChosenStatus, revision: Type.Optional(StatusChoice.properties.revision) }),
    Type.Object({ revision: StatusChoice.properties.revision }),
  ),
  /** What users have chosen, in the order requested; who never did is online, at revision 0. */
  lookupStatuses: defineRpc(
    "rooms.lookupStatuses",
    Type.Object({ userIds: Type.Array(UserId, { maxItems: 1000 }) }),
    Type.Object({ statuses: Type.Array(StatusChoice) }),
  ),
} as const;

// The RPC of rooms-api: the user directory.
import { Type } from "typebox";
import { defineRpc } from "./rpc.js";
import { UserId } from "./scalars.js";
import { IssuedProfile, User } from "./users.js";

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
} as const;

// What rooms-api answers over the bus: the user directory.
import { Type } from "typebox";
import { defineRpc } from "./rpc.js";
import { UserId } from "./scalars.js";
import { User, UserProfile } from "./users.js";

export const roomsRpc = {
  /** Names and avatars, in the order asked; unknown users come with nulls. */
  lookupUsers: defineRpc(
    "rooms.lookupUsers",
    Type.Object({ userIds: Type.Array(UserId, { maxItems: 1000 }) }),
    Type.Object({ users: Type.Array(User) }),
  ),
  /** What verified tokens told of users. */
  learnUsers: defineRpc(
    "rooms.learnUsers",
    Type.Object({ users: Type.Array(UserProfile, { maxItems: 1000 }) }),
    Type.Object({}),
  ),
} as const;

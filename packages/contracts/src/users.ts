// Users as the directory knows them. Accounts live in the host application; we only learn names and avatars.
import { type Static, Type } from "typebox";
import { Nullable, Text, UserId } from "./scalars.js";

/** A person in an answer. Name and avatar are null until some token or an admin has told them. */
export const User = Type.Object({
  _id: UserId,
  name: Nullable(Type.String()),
  avatar: Nullable(Type.String()),
});
export type User = Static<typeof User>;

/** What a token or an admin tells of a user. An absent field leaves what is known. */
export const UserProfile = Type.Object({
  _id: UserId,
  name: Type.Optional(Text(1, 200)),
  avatar: Type.Optional(Text(1, 2048)),
});
export type UserProfile = Static<typeof UserProfile>;

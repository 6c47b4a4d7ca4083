// Users as the directory knows them. Accounts belong to the host application; we only store names and avatars.
import { type Static, Type } from "typebox";
import { Nullable, Text, UserId } from "./scalars.js";

/** A person in an answer. Name and avatar are null until a token or an admin has provided them. */
export const User = Type.Object({
  _id: UserId,
  name: Nullable(Type.String()),
  avatar: Nullable(Type.String()),
});
export type User = Static<typeof User>;

/** What a token or an admin provides about a user. An absent field leaves the known value. */
export const UserProfile = Type.Object({
  _id: UserId,
  name: Type.Optional(Text(1, 200)),
  avatar: Type.Optional(Text(1, 2048)),
});
export type UserProfile = Static<typeof UserProfile>;

/** A profile, and when it was said: of two the one that was issued later counts. */
export const IssuedProfile = Type.Object({
  ...UserProfile.properties,
  /** Milliseconds since 1970; absent where a token does not say. */
  issuedAt: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
});
export type IssuedProfile = Static<typeof IssuedProfile>;

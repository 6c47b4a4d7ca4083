// What people are called in the texts of system messages.
import type { Db } from "@khui/database";
import { findUsers } from "./store/users.js";

/** Gives a person's name; their id where it is unknown. */
export type NameOf = (userId: string) => string;

/** Looks up the names of some people. */
export function createNames(db: Db): (userIds: readonly string[]) => Promise<NameOf> {
  return async (userIds) => {
    const names = new Map((await findUsers(db, userIds)).map(({ _id, name }) => [_id, name]));
    return (userId) => names.get(userId) ?? userId;
  };
}

// What every action of this service works with.
import type { Directory } from "@khui/directory";
import type { Announcer } from "./announcer.js";
import type { Db } from "./store/tables.js";

export interface Context {
  readonly db: Db;
  readonly directory: Directory;
  readonly announce: Announcer;
}

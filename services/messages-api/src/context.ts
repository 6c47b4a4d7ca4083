// What every action of this service works with.
import type { Directory } from "@khui/directory";
import type { MediaLinks } from "@khui/media-links";
import type { Scopes } from "@khui/service/telemetry";
import type { Logger } from "pino";
import type { Announcer } from "./announcer.js";
import type { Cleanup } from "./cleanup.js";
import type { Meters } from "./meters.js";
import { usersIn, type View } from "./render.js";
import type { RoomQueue } from "./room-queue.js";
import type { Db, MessageRow } from "./store/tables.js";

export interface Context {
  readonly db: Db;
  readonly directory: Directory;
  readonly announce: Announcer;
  readonly links: MediaLinks;
  readonly cleanup: Cleanup;
  readonly queue: RoomQueue;
  readonly meters: Meters;
  readonly scopes: Scopes;
  readonly log: Pick<Logger, "warn">;
}

/** What is needed to show these messages. */
export async function viewOf({ directory, links }: Context, rows: Iterable<MessageRow | null>): Promise<View> {
  return { users: await directory.resolve(usersIn(rows)), links };
}

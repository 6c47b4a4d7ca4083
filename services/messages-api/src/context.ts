// What every action and query of this service works with.
import type { Directory } from "@khui/directory";
import type { MediaLinks } from "@khui/media-links";
import type { Scopes } from "@khui/service/telemetry";
import type { Logger } from "pino";
import type { Announcer } from "./announcing/announcer.js";
import type { SentMessages } from "./announcing/sent-messages.js";
import type { Cleanup } from "./background/cleanup.js";
import type { RoomQueue } from "./batching/room-queue.js";
import type { MessageMetrics } from "./metrics.js";
import { usersIn, type View } from "./render.js";
import type { Db, MessageRow } from "./store/tables.js";

export interface Context {
  readonly db: Db;
  readonly directory: Directory;
  readonly announce: Announcer;
  readonly sentMessages: SentMessages;
  readonly links: MediaLinks;
  readonly cleanup: Cleanup;
  readonly roomQueue: RoomQueue;
  readonly metrics: MessageMetrics;
  readonly scopes: Scopes;
  readonly log: Pick<Logger, "warn">;
}

/** What is needed to show these messages. */
export async function viewOf(
  { directory, links }: Pick<Context, "directory" | "links">,
  rows: Iterable<MessageRow | null>,
): Promise<View> {
  return { users: await directory.resolve(usersIn(rows)), links };
}

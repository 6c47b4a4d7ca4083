// What every action and query of this service works with.
import type { Db } from "@khui/database";
import type { Directory } from "@khui/directory";
import type { MediaLinks } from "@khui/media-links";
import type { Scopes } from "@khui/service/telemetry";
import type { Announcer } from "./announcing/announcer.js";
import type { Receipts } from "./announcing/receipts.js";
import type { SentMessages } from "./announcing/sent-messages.js";
import type { Cleanup } from "./background/cleanup.js";
import type { RoomQueue } from "./batching/room-queue.js";
import type { MessageMetrics } from "./metrics.js";

export interface Context {
  readonly db: Db;
  readonly directory: Directory;
  readonly announce: Announcer;
  readonly sentMessages: SentMessages;
  readonly receipts: Receipts;
  readonly links: MediaLinks;
  readonly cleanup: Cleanup;
  readonly roomQueue: RoomQueue;
  readonly metrics: MessageMetrics;
  readonly scopes: Scopes;
}

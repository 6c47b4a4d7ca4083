// A context for this service's parts, without any other service.
import type { Db } from "@khui/database";
import { createMediaLinks } from "@khui/media-links";
import { createMetrics, createScopes } from "@khui/service/telemetry";
import type { Announcer } from "../src/announcing/announcer.js";
import { createReceipts } from "../src/announcing/receipts.js";
import { createSentMessages } from "../src/announcing/sent-messages.js";
import { createRoomQueue } from "../src/batching/room-queue.js";
import type { Context } from "../src/context.js";
import { createMessageMetrics } from "../src/metrics.js";

export const links = createMediaLinks({
  secrets: ["a secret of these tests"],
  validSeconds: 3600,
  publicUrl: () => "",
});

export const silentAnnouncer: Announcer = { logEntry() {}, liveEvent() {}, membersAdded() {}, userEvent() {} };

/** No user has a name and nothing is published. */
export function offline(db: Db, more: Partial<Context> = {}): Context {
  const scopes = createScopes(false);
  const parts = {
    db,
    directory: { resolve: async () => new Map(), learn: async () => {} },
    announce: silentAnnouncer,
    links,
    cleanup: { trigger() {}, close: async () => {} },
    roomQueue: createRoomQueue(scopes),
    metrics: createMessageMetrics(createMetrics("test")),
    scopes,
    log: { warn() {} },
    ...more,
  };
  return { sentMessages: createSentMessages(parts), receipts: createReceipts(parts), ...parts };
}

// What this service's parts work with, when nobody else is there.
import { createMediaLinks } from "@khui/media-links";
import { createMetrics, createScopes } from "@khui/service/telemetry";
import type { Context } from "../src/context.js";
import { createMeters } from "../src/meters.js";
import { createRoomQueue } from "../src/room-queue.js";
import type { Db } from "../src/store/tables.js";

export const links = createMediaLinks({
  secrets: ["a secret of these tests"],
  validSeconds: 3600,
  publicUrl: () => "",
});

/** Nobody has a name and nobody listens. */
export function offline(db: Db, more: Partial<Context> = {}): Context {
  return {
    db,
    directory: { resolve: async () => new Map(), learn: async () => {} },
    announce: { entry() {}, live() {}, added() {}, user() {} },
    links,
    cleanup: { soon() {}, close: async () => {} },
    queue: createRoomQueue(createScopes(false)),
    meters: createMeters(createMetrics("test")),
    scopes: createScopes(false),
    log: { warn() {} },
    ...more,
  };
}

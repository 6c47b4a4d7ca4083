// messages-api: messages and the room log. The table of contents of the service.
import { createMediaLinks } from "@khui/media-links";
import { defineService } from "@khui/service";
import { linkEnvironment, linkOptions } from "@khui/service/http";
import { Type } from "typebox";
import { createActions } from "./actions/actions.js";
import { createAnnouncer } from "./announcing/announcer.js";
import { createReceipts, type ReceiptsOptions } from "./announcing/receipts.js";
import { createSentMessages } from "./announcing/sent-messages.js";
import { startCleanup } from "./background/cleanup.js";
import { startRetention } from "./background/log-retention.js";
import { createRoomQueue } from "./batching/room-queue.js";
import type { Context } from "./context.js";
import { createMessageMetrics } from "./metrics.js";
import { mountMessages } from "./routes/messages.js";
import { serveMessages } from "./routes/rpc.js";
import { beginEpoch } from "./store/log-epoch.js";

export const schema = { name: "messages", migrations: new URL("../migrations/", import.meta.url) };

export const messagesApi = defineService({
  name: "messages-api",
  needs: { database: "required", bus: "degraded", limits: "degraded" },
  environment: {
    // It signs the addresses of files; media-service checks them with the same secret.
    ...linkEnvironment,
    /** How long log entries are kept; a client away for longer is told to fetch everything again. */
    LOG_RETENTION_DAYS: Type.Integer({ minimum: 1, maximum: 3650, default: 7 }),
    /** Names a restore from a backup: the logs begin a new epoch when they are first started with it. */
    RESTORED: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  schema,
  async start(
    { database, bus, env, log, telemetry, mount, rpc, directory, publicUrl, onClose },
    overrides: Pick<ReceiptsOptions, "intervalMs"> = {},
  ) {
    const { scopes } = telemetry;
    const db: Context["db"] = database.kysely();
    if (env.RESTORED !== undefined) await beginEpoch(db, env.RESTORED);
    const announce = createAnnouncer(bus, (error) => log.warn({ err: error }, "bus"));
    const links = createMediaLinks(linkOptions(env, publicUrl));
    const metrics = createMessageMetrics(telemetry.metrics);
    const context: Context = {
      db,
      directory,
      announce,
      sentMessages: createSentMessages({ announce, directory, links, metrics, log }),
      receipts: createReceipts({ announce, ...overrides }),
      links,
      cleanup: startCleanup(db, bus, log),
      roomQueue: createRoomQueue(scopes),
      metrics,
      scopes,
    };
    const actions = createActions(context);
    onClose("cleanup", () => context.cleanup.close());
    onClose("retention", startRetention(db, log, env.LOG_RETENTION_DAYS));
    // Closed first: a sweep that waits for a lock must not take the time in which writes are drained.
    onClose("writes", () => actions.drain());
    mountMessages(mount, context, actions);
    serveMessages(rpc, context, actions);
  },
});

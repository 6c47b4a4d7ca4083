// messages-api: messages and the room log. The table of contents of the service.
import { createMediaLinks } from "@khui/media-links";
import { defineService } from "@khui/service";
import { linkEnvironment, linkOptions } from "@khui/service/http";
import { Type } from "typebox";
import { createAnnouncer } from "./announcer.js";
import { createChanging } from "./changing.js";
import { startCleanup } from "./cleanup.js";
import type { Context } from "./context.js";
import { createMarking } from "./marking.js";
import { createMeters } from "./meters.js";
import { startRetention } from "./retention.js";
import { createRoomQueue } from "./room-queue.js";
import { mountMessages } from "./routes/messages.js";
import { serveMessages } from "./rpc.js";
import { createSending } from "./sending.js";

export const schema = { name: "messages", migrations: new URL("../migrations/", import.meta.url) };

export const messagesApi = defineService({
  name: "messages-api",
  needs: { database: "required", bus: "degraded", limits: "degraded" },
  environment: {
    // It signs the addresses of files; media-service checks them with the same secret.
    ...linkEnvironment,
    /** How long log entries are kept; a client away for longer is told to fetch everything again. */
    LOG_RETENTION_DAYS: Type.Integer({ minimum: 1, maximum: 3650, default: 7 }),
  },
  schema,
  start({ database, bus, env, log, telemetry, mount, rpc, directory, publicUrl, onClose }) {
    const { metrics, scopes } = telemetry;
    const db: Context["db"] = database.kysely();
    const queue = createRoomQueue(scopes);
    const context: Context = {
      db,
      directory,
      announce: createAnnouncer(bus, (error) => log.warn({ err: error }, "bus")),
      links: createMediaLinks(linkOptions(env, publicUrl)),
      cleanup: startCleanup(db, bus, log),
      queue,
      meters: createMeters(metrics),
      scopes,
    };
    const sending = createSending(context);
    const marking = createMarking(context);
    const actions = { sending, marking, changing: createChanging(context) };
    onClose("writes", () => Promise.all([sending.drain(), marking.drain(), queue.drain()]));
    onClose("cleanup", () => context.cleanup.close());
    onClose("retention", startRetention(db, log, env.LOG_RETENTION_DAYS));
    mountMessages(mount, context, actions);
    serveMessages(rpc, context, actions);
  },
});

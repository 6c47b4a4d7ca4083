// messages-api: messages and the room log. The table of contents of the service.
import type { Bus } from "@khui/bus";
import type { Database } from "@khui/database";
import { createDirectory } from "@khui/directory";
import type { MediaLinks } from "@khui/media-links";
import { createRpcServer } from "@khui/service";
import { type Guard, mounter } from "@khui/service/http";
import { type Telemetry, unobserved } from "@khui/service/telemetry";
import type { FastifyPluginAsync } from "fastify";
import type { Logger } from "pino";
import { createActions } from "./actions/actions.js";
import { createAnnouncer } from "./announcing/announcer.js";
import { createSentMessages } from "./announcing/sent-messages.js";
import { startCleanup } from "./background/cleanup.js";
import { startRetention } from "./background/log-retention.js";
import { createRoomQueue } from "./batching/room-queue.js";
import type { Context } from "./context.js";
import { createMessageMetrics } from "./metrics.js";
import { mountMessages } from "./routes/messages.js";
import { serveMessages } from "./routes/rpc.js";

export interface MessagesDeps {
  readonly database: Database;
  readonly bus: Bus;
  readonly guard: Guard;
  readonly log: Logger;
  readonly telemetry?: Telemetry;
  /** Signs the addresses of files; media-service checks them with the same secret. */
  readonly links: MediaLinks;
  /** How long log entries are kept; a client away for longer has to fetch its rooms again. */
  readonly retentionDays?: number;
}

/** The Postgres schema that is this service's own. */
export const schema = "messages";
export const migrations = new URL("../migrations/", import.meta.url);

/** Migrates its schema, mounts the routes and serves the RPC; undone in reverse when the app closes. */
export function messagesApi(deps: MessagesDeps): FastifyPluginAsync {
  return async (app) => {
    const { database, bus, log, links, telemetry = unobserved(log) } = deps;
    await database.migrate(schema, migrations);
    const onError = (error: unknown) => log.warn({ err: error }, "directory or bus");
    const directory = createDirectory(bus, { onError });
    const db: Context["db"] = database.kysely();
    const cleanup = startCleanup(db, bus, log);
    const announce = createAnnouncer(bus, onError);
    const metrics = createMessageMetrics(telemetry.metrics);
    const { scopes } = telemetry;
    const sentMessages = createSentMessages({ announce, directory, links, metrics, log });
    const roomQueue = createRoomQueue(scopes);
    const context: Context = { db, directory, announce, sentMessages, links, cleanup, roomQueue, metrics, scopes, log };
    const actions = createActions(context);
    mountMessages(mounter(app, { ...deps.guard, onIdentity: directory.learn }), context, actions);
    const rpc = createRpcServer(bus, "messages-api", log);
    serveMessages(rpc, context, actions);
    const stopRetention = startRetention(db, log, deps.retentionDays ?? 7);
    app.addHook("onClose", async () => {
      rpc.close();
      await Promise.all([stopRetention(), cleanup.close()]);
      await actions.drain();
    });
  };
}

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

export interface MessagesDeps {
  readonly database: Database;
  readonly bus: Bus;
  readonly guard: Guard;
  readonly log: Logger;
  readonly telemetry?: Telemetry;
  /** Signs the addresses of files; media-service checks them with the same secret. */
  readonly links: MediaLinks;
  /** How long log entries are kept; a client away for longer is told to fetch anew. */
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
    const meters = createMeters(telemetry.metrics);
    const { scopes } = telemetry;
    const queue = createRoomQueue(scopes);
    const context: Context = { db, directory, announce, links, cleanup, queue, meters, scopes };
    const actions = {
      sending: createSending(context),
      changing: createChanging(context),
      marking: createMarking(context),
    };
    mountMessages(mounter(app, { ...deps.guard, onIdentity: directory.learn }), context, actions);
    const rpc = createRpcServer(bus, "messages-api", log);
    serveMessages(rpc, context, actions);
    const stopRetention = startRetention(db, log, deps.retentionDays ?? 7);
    app.addHook("onClose", async () => {
      rpc.close();
      await Promise.all([stopRetention(), cleanup.close()]);
      await Promise.all([actions.sending.drain(), actions.marking.drain(), queue.drain()]);
    });
  };
}

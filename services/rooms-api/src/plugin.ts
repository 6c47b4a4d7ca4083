// rooms-api: rooms, participants, settings and the user directory. The table of contents of the service.
import type { Bus } from "@khui/bus";
import type { Database } from "@khui/database";
import { createDirectory } from "@khui/directory";
import { createRpcServer } from "@khui/service";
import { type Guard, mounter } from "@khui/service/http";
import { type Metrics, type Telemetry, unobserved } from "@khui/service/telemetry";
import type { FastifyPluginAsync } from "fastify";
import type { Logger } from "pino";
import { createOutbox, type Outbox } from "./outbox.js";
import { createQuotas, defaultQuotas, type RoomQuotas } from "./quotas.js";
import { createRooms } from "./rooms.js";
import { mountRooms } from "./routes/rooms.js";
import { mountUsers } from "./routes/users.js";
import { serveRooms } from "./rpc.js";
import type { Db } from "./store/tables.js";

export { quotaEnvironment, roomQuotas } from "./environment.js";
export type { RoomQuotas } from "./quotas.js";

export interface RoomsDeps {
  readonly database: Database;
  readonly bus: Bus;
  readonly guard: Guard;
  readonly log: Logger;
  readonly telemetry?: Telemetry;
  readonly quotas?: RoomQuotas;
}

/** The Postgres schema that is this service's own. */
export const schema = "rooms";
export const migrations = new URL("../migrations/", import.meta.url);

/** Migrates its schema, mounts the routes and serves the RPC; undone in reverse when the app closes. */
export function roomsApi(deps: RoomsDeps): FastifyPluginAsync {
  return async (app) => {
    const { database, bus, log, telemetry = unobserved(log) } = deps;
    await database.migrate(schema, migrations);
    const db: Db = database.kysely();
    const outbox = createOutbox(db, bus, log);
    watchOutbox(telemetry.metrics, outbox);
    const rpc = createRpcServer(bus, "rooms-api", log);
    serveRooms(rpc, db);
    // Learned over the bus as everywhere: served by this process or another of the same kind.
    const directory = createDirectory(bus, { onError: (error) => log.warn({ err: error }, "directory") });
    const mount = mounter(app, { ...deps.guard, onIdentity: directory.learn });
    const quotas = createQuotas(deps.guard.limits, deps.quotas ?? defaultQuotas);
    mountRooms(mount, createRooms(db, bus, outbox), quotas);
    mountUsers(mount, db);
    app.addHook("onClose", async () => {
      rpc.close();
      await outbox.close();
    });
  };
}

function watchOutbox({ gauge }: Metrics, outbox: Pick<Outbox, "waiting">): void {
  gauge(
    "khui_rooms_outbox_changes",
    "Changes that wait to enter the log, counted up to 1,000.",
    () => outbox.waiting().changes,
  );
  gauge("khui_rooms_outbox_oldest_seconds", "How long the oldest has waited.", () => outbox.waiting().oldestSeconds);
}

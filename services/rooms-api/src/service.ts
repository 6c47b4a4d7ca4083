// rooms-api: rooms, participants, settings and the user directory. The table of contents of the service.
import type { Db } from "@khui/database";
import { defineService } from "@khui/service";
import type { Metrics } from "@khui/service/telemetry";
import { roomEnvironment, roomQuotas } from "./environment.js";
import { createInvitations } from "./invitations.js";
import { createOutbox, type Outbox } from "./outbox.js";
import { createParticipants } from "./participants.js";
import { createQuotas } from "./quotas.js";
import { createRooms } from "./rooms.js";
import { mountInvitations, mountParticipants, mountRooms } from "./routes/rooms.js";
import { mountUsers } from "./routes/users.js";
import { serveRooms } from "./rpc.js";

export const schema = { name: "rooms", migrations: new URL("../migrations/", import.meta.url) };

export const roomsApi = defineService({
  name: "rooms-api",
  needs: { database: "required", bus: "required", limits: "degraded" },
  environment: roomEnvironment,
  schema,
  start({ database, bus, limits, env, log, telemetry, mount, rpc, onClose }) {
    const db: Db = database.kysely();
    const outbox = createOutbox(db, bus, log);
    onClose("outbox", () => outbox.close());
    instrumentOutbox(telemetry.metrics, outbox);
    serveRooms(rpc, db);
    const rooms = createRooms(db, bus, outbox, env.DEFAULT_JOIN_POLICY);
    const quotas = createQuotas(limits, roomQuotas(env));
    mountRooms(mount, rooms, quotas);
    mountParticipants(mount, createParticipants(db, outbox), quotas);
    mountInvitations(mount, createInvitations(db, outbox, rooms), quotas);
    mountUsers(mount, db);
  },
});

function instrumentOutbox({ gauge }: Metrics, outbox: Pick<Outbox, "backlog">): void {
  gauge(
    "khui_rooms_outbox_changes",
    "Changes that wait to enter the log, counted up to 1,000.",
    () => outbox.backlog().changes,
  );
  gauge("khui_rooms_outbox_oldest_seconds", "How long the oldest has waited.", () => outbox.backlog().oldestSeconds);
}

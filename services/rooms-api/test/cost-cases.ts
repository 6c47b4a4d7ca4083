// Every statement of this service's store, as its requests issue them, and how its cost may grow.

import { createHash } from "node:crypto";
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { defaultSettings, messagesRpc, type RoomActivity } from "@khui/contracts";
import { type Db, sql } from "@khui/database";
import type { Case, Dimension } from "@khui/test-kit/statement-cost/cases";
import { createInvitations, type Invitations } from "../src/invitations.js";
import { createOutbox } from "../src/outbox.js";
import { createParticipants, type Participants } from "../src/participants.js";
import { createRooms, type Rooms } from "../src/rooms.js";
import { confirmChanges, countBacklog, pendingChanges, pendingRooms } from "../src/store/outbox.js";
import { isAhead, projectRoom } from "../src/store/projection.js";
import { findRooms } from "../src/store/rooms.js";
import { chooseStatus, findStatuses } from "../src/store/statuses.js";
import { findUsers, saveUsers } from "../src/store/users.js";

/** A group whose only admin is `ROOM admin`; its members are `ROOM 1`, `ROOM 2` and so on, those who left `ROOM left 1` and so on. */
interface Scene {
  readonly roomId: string;
  /** How many users, rooms or people a request names. */
  readonly named: number;
}

interface Group {
  readonly members?: number;
  readonly left?: number;
  /** Changes that messages-api has not confirmed. */
  readonly waiting?: number;
  /** Invitations that may still be used. */
  readonly invitations?: number;
}

const settings = JSON.stringify({ ...defaultSettings, maxParticipants: 100_000 });
const change = JSON.stringify({
  kind: "settings",
  userId: "user 1",
  settings: defaultSettings,
  changes: {},
  text: "changed",
});
/** Ids are 24 hex digits; the database makes the same ones. */
const idOf = (name: string) => createHash("md5").update(name).digest("hex").slice(0, 24);

async function fillGroup(
  db: Db,
  roomId: string,
  { members = 5, left = 5, waiting = 1, invitations = 1 }: Group = {},
): Promise<void> {
  await sql`
    INSERT INTO rooms.rooms (id, type, name, activity_id, settings, created_by, change_no, client_id)
    VALUES (${roomId}, 'group', 'Group', 'activity', ${settings}::jsonb, ${`${roomId} admin`}, ${waiting}, ${`key of ${roomId}`})`.execute(
    db,
  );
  await sql`
    INSERT INTO rooms.participants (room_id, user_id, role, is_active)
    SELECT ${roomId}, ${`${roomId} admin`}, 'admin', true
    UNION ALL SELECT ${roomId}, ${roomId}::text || ' ' || n, 'member', true FROM generate_series(1, ${members}::int) n
    UNION ALL SELECT ${roomId}, ${roomId}::text || ' left ' || n, 'member', false FROM generate_series(1, ${left}::int) n`.execute(
    db,
  );
  await sql`
    INSERT INTO rooms.invitations (code, room_id, created_by, expires_at)
    SELECT ${roomId}::text || ' ' || n, ${roomId}, ${`${roomId} admin`}, now() + interval '1 day'
    FROM generate_series(1, ${invitations}::int) n`.execute(db);
  await fillOutbox(db, roomId, waiting);
}

async function fillOutbox(db: Db, roomId: string, waiting: number): Promise<void> {
  await sql`
    INSERT INTO rooms.outbox (room_id, change_no, change, created_at)
    SELECT ${roomId}, n, ${change}::jsonb, now() - interval '1 minute' FROM generate_series(1, ${waiting}::int) n`.execute(
    db,
  );
}

/**
 * Users `user 1` to `user COUNT`, each with a private room and a group of their own, whose two members
 * messages-api does not know yet.
 */
async function fillOthers(db: Db, count: number): Promise<void> {
  const users = sql`generate_series(1, ${count}::int) n`;
  await sql`INSERT INTO rooms.users (id, name) SELECT 'user ' || n, 'Name ' || n FROM ${users}`.execute(db);
  await sql`
    INSERT INTO rooms.rooms (id, type, settings, created_by, pair)
    SELECT left(md5('private ' || n), 24), 'private', ${settings}::jsonb, 'user ' || n, '["user ' || n || '","zoe"]' FROM ${users}`.execute(
    db,
  );
  await sql`
    INSERT INTO rooms.rooms (id, type, name, activity_id, settings, created_by, client_id)
    SELECT left(md5('group ' || n), 24), 'group', 'Group', 'activity', ${settings}::jsonb, 'user ' || n, 'key' FROM ${users}`.execute(
    db,
  );
  await sql`
    INSERT INTO rooms.participants (room_id, user_id, role)
    SELECT left(md5(kind || ' ' || n), 24), person, 'member'
    FROM unnest(ARRAY['private', 'group']) kind, unnest(ARRAY['zoe', 'yan']) person, ${users}`.execute(db);
  await sql`
    INSERT INTO rooms.invitations (code, room_id, created_by, expires_at)
    SELECT 'group ' || n || ' ' || i, left(md5('group ' || n), 24), 'user ' || n, now() + interval '1 day'
    FROM ${users}, generate_series(1, 10) i`.execute(db);
  await sql`
    INSERT INTO rooms.outbox (room_id, change_no, change, created_at)
    SELECT left(md5('group ' || n), 24), c, ${change}::jsonb, now() - interval '1 minute'
    FROM ${users}, generate_series(1, 5) c`.execute(db);
}

const ours = idOf("ours");

/** A group of its own where one thing is small and one where it is large. */
const place = (name: string, group: keyof Group, small: number, large: number): Dimension<Scene> => ({
  name,
  small,
  large,
  async fill(db, size) {
    const roomId = idOf(`${name} ${size}`);
    await fillGroup(db, roomId, { [group]: size });
    return { roomId, named: 2 };
  },
});

export const surroundings: Dimension<Scene> = {
  name: "users, their rooms, rooms that wait",
  small: 200,
  large: 10_000,
  async fill(db, size) {
    await fillOthers(db, size);
    await fillGroup(db, ours);
    return { roomId: ours, named: 2 };
  },
};

export const places: ReadonlyArray<Dimension<Scene>> = [
  place("participants", "members", 20, 2_000),
  place("people who left", "left", 20, 2_000),
  place("changes that wait", "waiting", 1, 50),
  place("invitations", "invitations", 2, 90),
  {
    name: "named at once",
    small: 2,
    large: 100,
    async fill(db, size) {
      const roomId = idOf(`named ${size}`);
      await fillGroup(db, roomId);
      return { roomId, named: size };
    },
  },
];

const bus = createLocalBus().connect();
const active = (roomId: string): RoomActivity => ({
  roomId,
  participants: [1, 2].map((n) => ({
    userId: `user ${n}`,
    role: "member",
    joinedAt: "2026-01-01T00:00:00.000Z",
    lastReadMessage: null,
    lastReadTimestamp: null,
  })),
  participantCount: 2,
  lastMessage: null,
  lastMessageTime: null,
  messageCount: 0,
  unreadCount: 0,
  seq: 0,
});
const numbered = (count: number, name: string) => Array.from({ length: count }, (_, n) => `${name} ${n + 1}`);

/** A messages-api that applies every change, and whose rooms always have the same two participants. */
serveRpc(bus, messagesRpc.applyRoomChange, async ({ changeNo }) => ({ applied: changeNo }));
serveRpc(bus, messagesRpc.describeRoom, async ({ roomId }) => active(roomId));
serveRpc(bus, messagesRpc.listRooms, async ({ limit }) => ({
  rooms: numbered(limit, "group").map(idOf).map(active),
  total: limit,
  rest: [],
}));
serveRpc(bus, messagesRpc.listParticipants, async ({ roomId }) => ({
  participants: active(roomId).participants,
  total: 2,
}));

interface Actions {
  readonly rooms: Rooms;
  readonly participants: Participants;
  readonly invitations: Invitations;
}

/** Runs the service's own action, which calls messages-api in between. */
const viaRooms =
  <T>(action: (actions: Actions, scene: Scene) => Promise<T>) =>
  async (db: Db, scene: Scene): Promise<T | true> => {
    const outbox = createOutbox(db, bus, { warn() {} }, { sweepMs: 1_000_000, abandonedMs: 0 });
    try {
      const rooms = createRooms(db, bus, outbox);
      const [participants, invitations] = [createParticipants(db, outbox), createInvitations(db, outbox, rooms)];
      return (await action({ rooms, participants, invitations }, scene)) ?? true;
    } finally {
      await outbox.close();
    }
  };

const group = (participants: string[]) =>
  ({ type: "group", name: "New", activityId: "activity", participants }) as const;
const admin = (roomId: string) => ({ userId: `${roomId} admin`, admin: false });
const allowAll = async () => {};
const delivers = { "changes that wait": "input" } as const;

export const cases: ReadonlyArray<Case<Scene>> = [
  {
    name: "create a group",
    run: viaRooms(({ rooms }, { named }) =>
      rooms.create("user 1", group(numbered(named, "user")), "a new key", allowAll),
    ),
    grows: { "named at once": "input" },
  },
  {
    name: "create a group, with the same key again",
    run: viaRooms(({ rooms }, { roomId }) => rooms.create(`${roomId} admin`, group([]), `key of ${roomId}`, allowAll)),
    grows: delivers,
  },
  {
    name: "create a private room",
    run: viaRooms(({ rooms }) =>
      rooms.create("user 1", { type: "private", participants: ["user 1", "user 2"] }, undefined, allowAll),
    ),
  },
  {
    name: "create a private room that is there",
    run: viaRooms(({ rooms }) =>
      rooms.create("user 1", { type: "private", participants: ["user 1", "zoe"] }, undefined, allowAll),
    ),
  },
  { name: "get", run: viaRooms(({ rooms }, { roomId }) => rooms.get("user 1", roomId)) },
  {
    name: "list",
    run: viaRooms(({ rooms }, { named }) => rooms.list("user 1", 1, named)),
    grows: { "named at once": "answer" },
  },
  { name: "participants", run: viaRooms(({ rooms }, { roomId }) => rooms.participants("user 1", roomId, 1, 50)) },
  { name: "join", run: viaRooms(({ rooms }, { roomId }) => rooms.join("user 1", roomId)), grows: delivers },
  {
    name: "join again after leaving",
    run: viaRooms(({ rooms }, { roomId }) => rooms.join(`${roomId} left 1`, roomId)),
    grows: delivers,
  },
  {
    name: "join where one is",
    run: viaRooms(({ rooms }, { roomId }) => rooms.join(`${roomId} 1`, roomId)),
    grows: delivers,
  },
  {
    name: "join a room that is not there",
    run: viaRooms(({ rooms }) => rooms.join("user 1", idOf("nowhere"))),
    refused: true,
  },
  { name: "leave", run: viaRooms(({ rooms }, { roomId }) => rooms.leave(`${roomId} 1`, roomId)), grows: delivers },
  {
    name: "leave as the only admin",
    run: viaRooms(({ rooms }, { roomId }) => rooms.leave(`${roomId} admin`, roomId)),
    grows: delivers,
  },
  {
    name: "leave, as one who left",
    run: viaRooms(({ rooms }, { roomId }) => rooms.leave(`${roomId} left 1`, roomId)),
    refused: true,
  },
  {
    name: "leave, as a stranger",
    run: viaRooms(({ rooms }, { roomId }) => rooms.leave("user 1", roomId)),
    refused: true,
  },
  {
    name: "change the settings",
    run: viaRooms(({ rooms }, { roomId }) =>
      rooms.update(`${roomId} admin`, roomId, { settings: { allowReactions: false } }),
    ),
    grows: delivers,
  },
  {
    name: "change the settings, as a member",
    run: viaRooms(({ rooms }, { roomId }) => rooms.update(`${roomId} 1`, roomId, { name: "Mine" })),
    refused: true,
  },
  {
    name: "change the settings, as a stranger",
    run: viaRooms(({ rooms }, { roomId }) => rooms.update("user 1", roomId, { name: "Mine" })),
    refused: true,
  },
  {
    name: "add people",
    run: viaRooms(({ participants }, { roomId, named }) =>
      participants.add(admin(roomId), roomId, { userIds: numbered(named, "user") }),
    ),
    grows: { ...delivers, "named at once": "input" },
  },
  {
    name: "remove somebody",
    run: viaRooms(({ participants }, { roomId }) => participants.remove(admin(roomId), roomId, `${roomId} 1`)),
    grows: delivers,
  },
  {
    name: "remove the last admin",
    run: viaRooms(({ participants }, { roomId }) =>
      participants.remove({ userId: "app", admin: true }, roomId, `${roomId} admin`),
    ),
    refused: true,
  },
  {
    name: "make somebody an admin",
    run: viaRooms(({ participants }, { roomId }) =>
      participants.setRole(admin(roomId), roomId, `${roomId} 1`, "admin"),
    ),
    grows: delivers,
  },
  {
    name: "invite",
    run: viaRooms(({ invitations }, { roomId }) => invitations.create(admin(roomId), roomId, {})),
    // A hundred at most: those that can no longer be used are looked for among them.
    grows: { invitations: "input" },
  },
  {
    name: "list the invitations",
    run: viaRooms(({ invitations }, { roomId }) => invitations.list(admin(roomId), roomId)),
    grows: { invitations: "answer" },
  },
  { name: "look at an invitation", run: viaRooms(({ invitations }, { roomId }) => invitations.preview(`${roomId} 1`)) },
  {
    name: "join by invitation",
    run: viaRooms(({ invitations }, { roomId }) => invitations.join("user 1", `${roomId} 1`)),
    grows: delivers,
  },
  {
    name: "revoke an invitation",
    run: viaRooms(({ invitations }, { roomId }) => invitations.revoke(admin(roomId), roomId, `${roomId} 1`)),
  },
  {
    name: "findRooms",
    run: (db, { named }) => findRooms(db, numbered(named, "group").map(idOf)),
    grows: { "named at once": "answer" },
  },
  {
    name: "findUsers",
    run: (db, { named }) => findUsers(db, numbered(named, "user")),
    grows: { "named at once": "answer" },
  },
  { name: "chooseStatus", run: (db) => chooseStatus(db, "user 1", "invisible") },
  {
    name: "chooseStatus, the same and another",
    async run(db) {
      for (const status of ["busy", "busy"] as const) await chooseStatus(db, "user 1", status);
      return chooseStatus(db, "user 1", "away");
    },
  },
  { name: "chooseStatus, late", run: (db) => chooseStatus(db, "user 1", "invisible", 7) },
  {
    name: "findStatuses",
    run: (db, { named }) => findStatuses(db, numbered(named, "user")),
    grows: { "named at once": "answer" },
  },
  {
    name: "saveUsers, new ones",
    run: (db, { named }) =>
      saveUsers(
        db,
        numbered(named, "new").map((_id) => ({ _id, name: "New", issuedAt: 1_700_000_000_000 })),
      ),
    grows: { "named at once": "input" },
  },
  {
    name: "saveUsers, known ones",
    run: (db, { named }) =>
      saveUsers(
        db,
        numbered(named, "user").map((_id) => ({ _id, name: "New", issuedAt: 1_700_000_000_000 })),
      ),
    grows: { "named at once": "input" },
  },
  {
    name: "pendingChanges",
    run: (db, { roomId }) => pendingChanges(db, roomId),
    grows: { "changes that wait": "answer" },
  },
  { name: "pendingRooms", run: (db) => pendingRooms(db, "", 5_000) },
  { name: "pendingRooms, further on", run: (db) => pendingRooms(db, "8", 5_000) },
  { name: "countBacklog", run: (db) => countBacklog(db) },
  {
    name: "projectRoom",
    run: async (db, { roomId }) => {
      await projectRoom(db, roomId, 0);
      return true;
    },
    // Everybody in the room is read and handed over.
    grows: { participants: "input", "changes that wait": "input", "named at once": "input" },
  },
  { name: "isAhead", run: (db, { roomId }) => isAhead(db, roomId, 1_000_000) },
  { name: "confirmChanges", run: (db, { roomId }) => confirmChanges(db, roomId, 1) },
];

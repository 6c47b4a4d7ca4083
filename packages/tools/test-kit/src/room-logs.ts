// A fake messages-api on NATS, so that only gateways are measured: logs are counters, entries are generated on request.

import type { Bus } from "@khui/bus";
import { serveRpc } from "@khui/bus/rpc";
import { encodeWire, type LogEntry, messagesRpc, type RpcAnswer, roomsRpc, subjects } from "@khui/contracts";
import { entryBody, messageEvent } from "./live-message.js";

export interface RoomLogs {
  /** Commits the room's next entry and publishes it. `left` removes this user's sockets from the room. */
  append(roomId: string, left?: string): void;
}

/** The maximum number of entries in one answer. */
const pageSize = 500;

/** Rooms, each with the users who have it in their lists. */
export type Memberships = Readonly<Record<string, readonly string[]>>;

/** Everyone may join every room; nobody has contacts. */
export function serveRoomLogs(bus: Bus, memberships: Memberships): RoomLogs {
  const roomsOf = new Map<string, string[]>();
  for (const [roomId, userIds] of Object.entries(memberships))
    for (const userId of userIds) roomsOf.set(userId, [...(roomsOf.get(userId) ?? []), roomId]);
  const heads = new Map<string, number>();
  /** Users that entries removed, by room and number. */
  const removals = new Map<string, string>();
  const headOf = (roomId: string): number => heads.get(roomId) ?? 0;

  function entryAt(roomId: string, seq: number): LogEntry {
    const left = removals.get(`${roomId} ${seq}`);
    return { seq, event: messageEvent, ...(left === undefined ? {} : { left }), body: entryBody };
  }

  function entriesAfter(roomId: string, seq: number): LogEntry[] {
    const count = Math.max(0, Math.min(pageSize, headOf(roomId) - seq));
    return Array.from({ length: count }, (_, n) => entryAt(roomId, seq + 1 + n));
  }

  serveRpc(bus, messagesRpc.openRooms, async ({ joins }) => ({
    rooms: joins.map(({ roomId }) => ({ seq: headOf(roomId), members: memberships[roomId]?.length ?? 0 })),
  }));
  serveRpc(bus, messagesRpc.readPositions, async ({ roomIds }) => ({ positions: roomIds.map(() => "[]") }));
  serveRpc(bus, messagesRpc.readLogs, async ({ rooms }) => {
    const pages: RpcAnswer<typeof messagesRpc.readLogs>["pages"] = [];
    let left = pageSize;
    for (const { roomId, afterSeq } of rooms) {
      if (left === 0) break;
      const entries = entriesAfter(roomId, afterSeq).slice(0, left);
      left -= entries.length;
      pages.push({ seq: headOf(roomId), floor: 0, entries });
    }
    return { pages };
  });
  serveRpc(bus, messagesRpc.heads, async ({ rooms }) => ({
    ahead: rooms.flatMap(({ roomId, seq }) => (headOf(roomId) > seq ? [{ roomId, seq: headOf(roomId) }] : [])),
  }));
  serveRpc(bus, messagesRpc.delivered, async () => ({}));
  serveRpc(bus, messagesRpc.audiences, async ({ userIds }) => ({ roomIds: [], lists: userIds.map(() => []) }));
  serveRpc(bus, messagesRpc.contacts, async () => ({ userIds: [] }));
  serveRpc(bus, messagesRpc.roomLists, async ({ userIds }) => {
    const roomIds = [...new Set(userIds.flatMap((userId) => roomsOf.get(userId) ?? []))];
    const places = new Map(roomIds.map((roomId, place) => [roomId, place]));
    return {
      rooms: roomIds.map((roomId) => ({ roomId, seq: headOf(roomId) })),
      lists: userIds.map((userId) => (roomsOf.get(userId) ?? []).flatMap((roomId) => places.get(roomId) ?? [])),
    };
  });
  serveRpc(bus, messagesRpc.activeMembers, async ({ userIds }) => ({ userIds }));
  serveRpc(bus, roomsRpc.learnUsers, async () => ({}));
  serveRpc(bus, roomsRpc.lookupStatuses, async ({ userIds }) => ({
    statuses: userIds.map(() => ({ status: "online" as const, revision: 0 })),
  }));

  return {
    append(roomId, left) {
      const seq = headOf(roomId) + 1;
      heads.set(roomId, seq);
      if (left !== undefined) removals.set(`${roomId} ${seq}`, left);
      const { body, ...header } = entryAt(roomId, seq);
      bus.publish(subjects.roomLog(roomId), encodeWire(header, body));
    },
  };
}

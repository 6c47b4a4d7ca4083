// Keeps room lists live: tells sockets of new messages in rooms that they have not joined. Best effort; joining is exact.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { entryBody, type LogEntry, messagesRpc } from "@khui/contracts";
import { encodeEvent } from "@khui/socketio";
import pLimit from "p-limit";
import type { RoomLogs } from "./room-logs.js";
import type { Session } from "./session.js";
import type { Users } from "./users.js";

export interface Watching {
  /** The user's first socket is here: watches their most recently active rooms. */
  start(userId: string): void;
  /** A further socket of a user is here. */
  come(session: Session): void;
  /** A socket is gone. */
  go(session: Session): void;
  /** The user's last socket is gone. */
  stop(userId: string): void;
  /** The user has come into a room. */
  add(userId: string, roomId: string): void;
  /** The user is no longer in a room. */
  drop(userId: string, roomId: string): void;
  /** A socket has joined a room, whose feed tells it everything. */
  admitted(session: Session, roomId: string): void;
  /** A socket has left a room that its user may still be in. */
  dismissed(session: Session, roomId: string): void;
  close(): void;
}

export interface WatchingOptions {
  readonly bus: Bus;
  readonly logs: RoomLogs;
  readonly users: Pick<Users, "has" | "sessionsOf">;
  /** Rooms a user; 0 watches none. */
  readonly limit: number;
  readonly onError: (error: unknown) => void;
}

/** A room that some of this gateway's users watch. */
interface Watch {
  readonly roomId: string;
  /** Users who watch, with or without a socket to be told. */
  users: number;
  /** Sockets to be told: those of the users that have not joined. Where all have, an entry costs nothing. */
  readonly sessions: Set<Session>;
  readonly stop: () => void;
  /** The last entry heard of, or `unsure`; undefined until one is. */
  seq: number | undefined;
  /** An entry was missed, which may have taken someone out of the room: who is in it is asked before more is told. */
  doubt: Promise<boolean> | undefined;
}

/** As `seq`: the next entry is a hole, and it is asked who is in the room. */
const unsure = -1;

/** Users whose rooms are asked for at once, when many come back together. */
const startsAtOnce = 16;

export function createWatching({ bus, logs, users, limit, onError }: WatchingOptions): Watching {
  const watches = new Map<string, Watch>();
  /** By user, the least recently active room first. */
  const roomsOf = new Map<string, Set<string>>();
  const limitStarts = pLimit(startsAtOnce);

  function open(roomId: string): Watch {
    const { stop } = logs.listen(roomId, (entry) => hear(watch, entry));
    const watch: Watch = { roomId, users: 0, sessions: new Set(), stop, seq: undefined, doubt: undefined };
    watches.set(roomId, watch);
    return watch;
  }

  function watchRoom(userId: string, roomId: string, seq?: number): void {
    const rooms = roomsOf.get(userId) ?? new Set();
    roomsOf.set(userId, rooms);
    const watch = watches.get(roomId) ?? open(roomId);
    if (!rooms.delete(roomId)) watch.users += 1;
    rooms.add(roomId);
    for (const session of users.sessionsOf(userId)) offer(watch, session);
    // A notice or an answer that was late says nothing of what was heard since, which may have taken them out.
    if (seq === undefined || (watch.seq !== undefined && seq < watch.seq)) watch.seq = unsure;
    else watch.seq ??= seq;
    const [oldest] = rooms;
    if (rooms.size > limit && oldest !== undefined) leave(userId, oldest);
  }

  function offer(watch: Watch | undefined, session: Session): void {
    if (watch && !session.closed && !session.rooms.has(watch.roomId)) watch.sessions.add(session);
  }

  function leave(userId: string, roomId: string): void {
    const watch = watches.get(roomId);
    if (!roomsOf.get(userId)?.delete(roomId) || !watch) return;
    for (const session of users.sessionsOf(userId)) watch.sessions.delete(session);
    watch.users -= 1;
    if (watch.users > 0) return;
    watches.delete(roomId);
    watch.stop();
  }

  function hear(watch: Watch, entry: LogEntry): void {
    if (watch.seq !== undefined && entry.seq <= watch.seq) return;
    if (watch.seq !== undefined && entry.seq > watch.seq + 1) watch.doubt ??= clear(watch);
    watch.seq = entry.seq;
    if (!watch.doubt) tell(watch, entry);
    else watch.doubt.then((cleared) => cleared && tell(watch, entry), onError);
  }

  /** Asks who of those to be told is still in the room. Resolves with false when that cannot be had now. */
  async function clear(watch: Watch): Promise<boolean> {
    try {
      const sure = new Set<string>();
      for (;;) {
        const userIds = [...new Set([...watch.sessions].map(({ userId }) => userId))].filter((id) => !sure.has(id));
        // Some may have come while others were asked about.
        if (userIds.length === 0) return true;
        const answer = await call(bus, messagesRpc.activeMembers, { roomId: watch.roomId, userIds });
        for (const userId of answer.userIds) sure.add(userId);
        for (const userId of userIds) if (!sure.has(userId)) leave(userId, watch.roomId);
      }
    } catch (error) {
      onError(error);
      watch.seq = unsure;
      return false;
    } finally {
      watch.doubt = undefined;
    }
  }

  function tell({ roomId, sessions }: Watch, { seq, event, body, left }: LogEntry): void {
    if (event === "new_message" && sessions.size > 0) {
      const frame = encodeEvent("chat_updated", entryBody(roomId, seq, body));
      for (const session of sessions) session.socket.send(frame);
    }
    if (left !== undefined) leave(left, roomId);
  }

  const watchesOf = (userId: string) => [...(roomsOf.get(userId) ?? [])].map((roomId) => watches.get(roomId));

  return {
    start(userId) {
      if (limit === 0) return;
      limitStarts(async () => {
        if (!users.has(userId)) return;
        const { rooms } = await call(bus, messagesRpc.recentRooms, { userId, limit });
        if (!users.has(userId)) return;
        for (const { roomId, seq } of rooms.reverse()) watchRoom(userId, roomId, seq);
      }).catch(onError);
    },
    come(session) {
      for (const watch of watchesOf(session.userId)) offer(watch, session);
    },
    go(session) {
      for (const watch of watchesOf(session.userId)) watch?.sessions.delete(session);
    },
    stop(userId) {
      for (const roomId of [...(roomsOf.get(userId) ?? [])]) leave(userId, roomId);
      roomsOf.delete(userId);
    },
    add(userId, roomId) {
      if (limit > 0 && users.has(userId)) watchRoom(userId, roomId);
    },
    drop: leave,
    admitted: (session, roomId) => void watches.get(roomId)?.sessions.delete(session),
    dismissed(session, roomId) {
      if (session.identity && roomsOf.get(session.identity.userId)?.has(roomId)) offer(watches.get(roomId), session);
    },
    close() {
      for (const watch of watches.values()) watch.stop();
      watches.clear();
      roomsOf.clear();
    },
  };
}

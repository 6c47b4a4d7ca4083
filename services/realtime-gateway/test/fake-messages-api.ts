// The part of messages-api that gateways ask, for one room whose log the test writes itself.
import type { Bus } from "@khui/bus";
import { serveRpc } from "@khui/bus/rpc";
import { encodeWire, type LogEntry, messagesRpc, smallRoomLimit, subjects } from "@khui/contracts";
import { entry } from "./room-log.js";

export const roomId = "0123456789abcdef01234567";

/** Entries of one answer: few, so that several are needed. */
const pageSize = 3;

export interface FakeMessagesApi {
  readonly log: readonly LogEntry[];
  readonly head: number;
  /** The last entry that is no longer in the log. */
  floor: number;
  /** Undefined as from a messages-api of the release before. */
  epoch: string | undefined;
  /** Messages returned as hidden to clients that resume. */
  hidden: string[];
  /** Of the room; with more than 200 everyone is only told their own position. */
  members: number;
  /** Joins that were asked for, and how often the read positions were. */
  readonly asked: { joins: number; positions: number };
  /** Commits an entry; `left` takes a user out. The test publishes it, or does not. */
  append(left?: string): LogEntry;
  /** What a restored backup has: the log up to this number, in a history of its own. */
  restore(head: number, epoch: string | undefined): void;
  publish(entry: LogEntry): void;
  /** Users who were let in again after they left. */
  readonly returned: Set<string>;
  /** The number of the entry with which this user left. */
  leftAt(userId: string): number | undefined;
}

/** The read position of a user, of which the room has only one. */
export const positionOf = (userId: string) => ({
  userId,
  lastReadMessage: null,
  lastReadTimestamp: null,
  readSeq: 0,
  deliveredSeq: 0,
});

/**
 * `pause` is awaited before each request is handled, and again before it is answered; `pausePositions` is the same for requests of
 * read positions.
 */
export function fakeMessagesApi(
  bus: Bus,
  pause: () => Promise<void> = async () => {},
  pausePositions: () => Promise<void> = async () => {},
): FakeMessagesApi {
  const log: LogEntry[] = [];
  const api: FakeMessagesApi = {
    log,
    floor: 0,
    epoch: undefined,
    hidden: [],
    members: 2,
    returned: new Set(),
    asked: { joins: 0, positions: 0 },
    get head() {
      return log.length;
    },
    append(left) {
      const added = entry(log.length + 1, left);
      log.push(added);
      return added;
    },
    restore(head, epoch) {
      log.splice(head);
      api.epoch = epoch;
    },
    publish({ body, ...header }) {
      bus.publish(subjects.roomLog(roomId), encodeWire(header, body));
    },
    leftAt: (userId) => log.find(({ left }) => left === userId)?.seq,
  };
  const inEpoch = () => (api.epoch === undefined ? {} : { epoch: api.epoch });
  const after = (seq: number) => log.slice(Math.max(seq, api.floor)).slice(0, pageSize);

  async function answer<T>(look: () => T, wait = pause): Promise<T> {
    await wait();
    const found = look();
    await wait();
    return found;
  }

  serveRpc(bus, messagesRpc.openRooms, ({ joins }) => {
    api.asked.joins += joins.length;
    return answer(() => ({
      rooms: joins.map(({ userId, afterSeq }) => {
        if (api.leftAt(userId) !== undefined && !api.returned.has(userId)) return { code: "not_a_participant" };
        const resync = afterSeq !== undefined && (afterSeq < api.floor || afterSeq > log.length);
        const own = api.members > smallRoomLimit ? { position: positionOf(userId) } : {};
        return { seq: log.length, ...inEpoch(), members: api.members, resync, hidden: api.hidden, ...own };
      }),
    }));
  });
  serveRpc(bus, messagesRpc.readPositions, ({ roomIds }) => {
    api.asked.positions++;
    return answer(() => ({ positions: roomIds.map(() => JSON.stringify([positionOf("somebody")])) }), pausePositions);
  });
  serveRpc(bus, messagesRpc.readLogs, ({ rooms }) =>
    answer(() => ({
      pages: rooms.map(({ afterSeq }) => ({ seq: log.length, floor: api.floor, entries: after(afterSeq) })),
    })),
  );
  serveRpc(bus, messagesRpc.heads, ({ rooms }) =>
    answer(() => ({
      ahead: rooms.filter(({ seq }) => seq < log.length).map((known) => ({ ...known, seq: log.length })),
      behind: rooms.filter(({ seq }) => seq > log.length).map((known) => ({ ...known, seq: log.length })),
      ...inEpoch(),
    })),
  );
  return api;
}

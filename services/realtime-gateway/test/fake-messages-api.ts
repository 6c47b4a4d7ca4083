// The part of messages-api that gateways ask, for one room whose log the test writes itself.
import type { Bus } from "@khui/bus";
import { serveRpc } from "@khui/bus/rpc";
import { ChatError, encodeWire, type LogEntry, messagesRpc, subjects } from "@khui/contracts";
import { entry } from "./room-log.js";

export const roomId = "0123456789abcdef01234567";

/** Entries of one answer: few, so that several are needed. */
const pageSize = 3;

export interface FakeMessagesApi {
  readonly log: readonly LogEntry[];
  readonly head: number;
  /** The last entry that is no longer in the log. */
  floor: number;
  /** Messages returned as hidden to clients that resume. */
  hidden: string[];
  /** Commits an entry; `left` takes a user out. The test publishes it, or does not. */
  append(left?: string): LogEntry;
  publish(entry: LogEntry): void;
  /** The number of the entry with which this user left. */
  leftAt(userId: string): number | undefined;
}

/** `pause` is awaited before each request is handled, and again before it is answered. */
export function fakeMessagesApi(bus: Bus, pause: () => Promise<void> = async () => {}): FakeMessagesApi {
  const log: LogEntry[] = [];
  const api: FakeMessagesApi = {
    log,
    floor: 0,
    hidden: [],
    get head() {
      return log.length;
    },
    append(left) {
      const added = entry(log.length + 1, left);
      log.push(added);
      return added;
    },
    publish({ body, ...header }) {
      bus.publish(subjects.roomLog(roomId), encodeWire(header, body));
    },
    leftAt: (userId) => log.find(({ left }) => left === userId)?.seq,
  };
  const after = (seq: number) => log.slice(Math.max(seq, api.floor)).slice(0, pageSize);

  async function answer<T>(look: () => T): Promise<T> {
    await pause();
    const found = look();
    await pause();
    return found;
  }

  serveRpc(bus, messagesRpc.openRoom, ({ userId, afterSeq }) =>
    answer(() => {
      if (api.leftAt(userId) !== undefined) throw new ChatError("not_a_participant");
      const resync = afterSeq !== undefined && afterSeq < api.floor;
      const entries = afterSeq === undefined || resync ? [] : after(afterSeq);
      return { seq: log.length, members: 2, resync, entries, positions: [], hidden: api.hidden };
    }),
  );
  serveRpc(bus, messagesRpc.readLog, ({ afterSeq }) =>
    answer(() => ({ seq: log.length, floor: api.floor, entries: after(afterSeq) })),
  );
  serveRpc(bus, messagesRpc.heads, ({ rooms }) =>
    answer(() => ({
      ahead: rooms.filter(({ seq }) => seq < log.length).map((known) => ({ ...known, seq: log.length })),
    })),
  );
  return api;
}

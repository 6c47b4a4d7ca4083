// Reads the logs of many rooms with few questions: what waits is asked for together, and nothing is asked while messages-api is away.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { ChatError, type LogEntry, messagesRpc } from "@khui/contracts";
import pTimeout from "p-timeout";

export interface LogPage {
  /** The room's newest entry. */
  readonly seq: number;
  /** The last entry that the log no longer has. */
  readonly floor: number;
  /** Oldest first; perhaps not all that there are. */
  readonly entries: LogEntry[];
}

export interface LogReader {
  /**
   * The entries after a number, as the log is at some time after the call. Rejects with a ChatError, which is reported already.
   * `urgent` is for what a client waits for: it is read before everything else, and rejects with service_unavailable after 5 s.
   */
  read(roomId: string, afterSeq: number, options?: { readonly urgent?: boolean }): Promise<LogPage>;
}

export interface BatchingLogReader extends LogReader {
  /** Rejects what still waits. */
  close(): void;
}

export interface LogReaderTimes {
  /** The first pause after a failure, and the longest: each failure doubles it, a success ends it. */
  readonly minPauseMs: number;
  readonly maxPauseMs: number;
  /** How long an urgent read may take. */
  readonly urgentMs: number;
}

export interface LogReaderOptions {
  readonly bus: Bus;
  /** Called once for each question that failed. */
  readonly onError: (error: unknown) => void;
  readonly times?: LogReaderTimes;
}

const defaultTimes: LogReaderTimes = { minPauseMs: 250, maxPauseMs: 5_000, urgentMs: 5_000 };
/** Two, so that messages-api has the next one when it has answered the first. */
const maxQuestions = 2;
/** Rooms in one question: few enough that what it takes to answer them delays nothing else in messages-api noticeably. */
const maxRooms = 64;

interface Waiter {
  readonly answered: Promise<LogPage>;
  resolve(page: LogPage): void;
  reject(error: unknown): void;
}

function newWaiter(): Waiter {
  const settlers = {} as Pick<Waiter, "resolve" | "reject">;
  const answered = new Promise<LogPage>((resolve, reject) => Object.assign(settlers, { resolve, reject }));
  return Object.assign(settlers, { answered });
}

/** One page to read, and all who wait for it. */
interface Read {
  readonly roomId: string;
  readonly afterSeq: number;
  urgent: boolean;
  readonly waiters: Set<Waiter>;
}

const unavailable = () => new ChatError("service_unavailable", { retryAfter: 1 });

/**
 * Questions shrink while they fail, down to a single room, and grow again as they are answered: a messages-api that comes back is asked
 * for little at first, and a room that cannot be read does not stop the others for long.
 */
export function createLogReader({ bus, onError, times = defaultTimes }: LogReaderOptions): BatchingLogReader {
  /** What is not asked for yet, by room and number, in the order of arrival. */
  const urgentReads = new Map<string, Read>();
  const backgroundReads = new Map<string, Read>();
  let questions = 0;
  let roomsAtOnce = maxRooms;
  let failures = 0;
  let pause: NodeJS.Timeout | undefined;
  let scheduled: NodeJS.Immediate | undefined;
  let closed = false;

  const keyOf = ({ roomId, afterSeq }: Pick<Read, "roomId" | "afterSeq">) => `${roomId} ${afterSeq}`;

  /** Adds to the read that waits for the same page, if there is one. */
  function enqueue(added: Read): Read {
    const key = keyOf(added);
    const read = urgentReads.get(key) ?? backgroundReads.get(key) ?? added;
    for (const waiter of added.waiters) read.waiters.add(waiter);
    read.urgent ||= added.urgent;
    if (read.urgent) backgroundReads.delete(key);
    (read.urgent ? urgentReads : backgroundReads).set(key, read);
    // What is read in one turn of the event loop shares the first question.
    scheduled ??= setImmediate(() => {
      scheduled = undefined;
      askNext();
    });
    return read;
  }

  function giveUp(read: Read, waiter: Waiter): void {
    read.waiters.delete(waiter);
    const key = keyOf(read);
    if (read.waiters.size === 0 && urgentReads.get(key) === read) urgentReads.delete(key);
  }

  function take(): Read[] {
    const taken: Read[] = [];
    for (const queue of [urgentReads, backgroundReads]) {
      for (const [key, read] of queue) {
        if (taken.length === roomsAtOnce) return taken;
        queue.delete(key);
        taken.push(read);
      }
    }
    return taken;
  }

  function askNext(): void {
    while (!closed && !pause && questions < maxQuestions) {
      const reads = take();
      if (reads.length === 0) return;
      questions++;
      void ask(reads).then(() => {
        questions--;
        askNext();
      });
    }
  }

  /** Never rejects. */
  async function ask(reads: readonly Read[]): Promise<void> {
    try {
      const rooms = reads.map(({ roomId, afterSeq }) => ({ roomId, afterSeq }));
      const { pages } = await call(bus, messagesRpc.readLogs, { rooms });
      failures = 0;
      roomsAtOnce = Math.min(maxRooms, roomsAtOnce * 2);
      for (const [n, read] of reads.entries()) settle(read, pages[n]);
    } catch (error) {
      for (const { waiters } of reads) for (const { reject } of waiters) reject(error);
      if (closed) return;
      onError(error);
      backOff();
    }
  }

  function settle(read: Read, page: LogPage | null | undefined): void {
    // It did not fit into the answer.
    if (page === undefined && !closed) return void enqueue(read);
    for (const { resolve, reject } of read.waiters) {
      if (page) resolve(page);
      else reject(page === null ? new ChatError("room_not_found") : unavailable());
    }
  }

  /** The pause is random, so that gateways that failed together do not return together. */
  function backOff(): void {
    if (pause) return;
    roomsAtOnce = Math.max(1, Math.floor(roomsAtOnce / 2));
    const longestMs = Math.min(times.maxPauseMs, times.minPauseMs * 2 ** failures++);
    const resume = () => {
      pause = undefined;
      askNext();
    };
    pause = setTimeout(resume, longestMs * (0.5 + Math.random() / 2));
  }

  return {
    async read(roomId, afterSeq, { urgent = false } = {}) {
      if (closed) throw unavailable();
      const waiter = newWaiter();
      const read = enqueue({ roomId, afterSeq, urgent, waiters: new Set([waiter]) });
      if (!urgent) return waiter.answered;
      return pTimeout(waiter.answered, {
        milliseconds: times.urgentMs,
        fallback() {
          giveUp(read, waiter);
          throw unavailable();
        },
      });
    },
    close() {
      closed = true;
      clearTimeout(pause);
      clearImmediate(scheduled);
      for (const read of [...urgentReads.values(), ...backgroundReads.values()]) settle(read, undefined);
    },
  };
}

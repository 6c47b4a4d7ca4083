// The heart of delivery: one room's log as it comes in, put in order, without a hole or a repeat, to this gateway's sockets.
import { ChatError, entryBody, type LogEntry } from "@khui/contracts";
import { type EncodedEvent, encodeEvent } from "@khui/socketio";
import type { Session } from "./session.js";
import { Tail } from "./tail.js";

/** Where a feed gets what the bus did not bring. */
export interface LogReader {
  /** Entries after a number, oldest first; `floor` is the last one that the log no longer has. */
  read(roomId: string, afterSeq: number): Promise<{ seq: number; floor: number; entries: LogEntry[] }>;
}

export interface FeedEvents {
  /** A socket is in the room from now on, or no longer. */
  onAdmitted(feed: RoomFeed, session: Session): void;
  onDismissed(feed: RoomFeed, session: Session): void;
  /** Somebody has come into the room or left it, and the sockets are about to be told. */
  onMembership(feed: RoomFeed): void;
  /** Entries went to sockets. */
  onDelivered(feed: RoomFeed): void;
  /** This user is no longer in the room: their sockets are to leave it. */
  onLeft(feed: RoomFeed, userId: string): void;
  /** The log no longer has what the sockets miss. */
  onLost(feed: RoomFeed): void;
  onError(error: unknown): void;
  /** A hole was filled by asking. */
  onRepaired(entries: number): void;
}

/** Two publishers may cross on the bus; a hole that fills within this many milliseconds needs no question. */
const patienceMs = 20;
/** After a failed question. */
const retryMs = 500;
/** Of each kind kept for those who join; who needs older entries reads them from the log. */
const maxTail = 1_000;
/** Entries kept that came before their turn; what is beyond is read from the log. */
const maxEarly = 1_000;

export class RoomFeed {
  readonly sessions = new Set<Session>();
  /** The number up to which everything has been delivered; undefined until the room was first opened. */
  position: number | undefined;
  members = 0;
  /** Sockets on their way in. While there are any, the tails keep what is delivered meanwhile. */
  joiners = 0;
  readonly tail = new Tail<LogEntry>(maxTail);
  readonly liveTail = new Tail<{ readonly except: string | undefined; readonly frame: EncodedEvent }>(maxTail);
  /** Users seen typing, with the time (ms) at which that ends. */
  readonly typing = new Map<string, number>();
  /** The highest number heard of, delivered or not. */
  #heard = 0;
  readonly #early = new Map<number, LogEntry>();
  #repairing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    readonly roomId: string,
    private readonly log: LogReader,
    private readonly events: FeedEvents,
  ) {}

  /** Lets a socket in: it gets what is delivered from now on. */
  admit(session: Session): void {
    this.sessions.add(session);
    session.noteRoom(this.roomId, this);
    this.events.onAdmitted(this, session);
  }

  dismiss(session: Session): void {
    session.noteRoom(this.roomId, null);
    session.typing?.delete(this.roomId);
    if (this.sessions.delete(session)) this.events.onDismissed(this, session);
  }

  /** The first opening says where the room stands. What came earlier than that is known already. */
  start(seq: number): void {
    if (this.position !== undefined) return;
    this.position = seq;
    this.#forgetEarly();
    this.#drain();
  }

  /** Takes an entry, from wherever: delivers it in its turn, once. */
  offer(entry: LogEntry): void {
    if (entry.seq > this.#heard) this.#heard = entry.seq;
    if (this.position !== undefined && entry.seq <= this.position) return;
    if (this.position !== undefined && entry.seq === this.position + 1) {
      this.#deliver(entry);
      this.#drain();
    } else {
      if (this.#early.size < maxEarly) this.#early.set(entry.seq, entry);
      this.#repairIn(patienceMs);
    }
  }

  /** The room is known to have come this far: asks for what is missing. */
  noteHead(seq: number): void {
    if (seq > this.#heard) this.#heard = seq;
    if (this.position !== undefined && seq > this.position) this.#repairIn(0);
  }

  /** Resolves once everything up to a number is delivered. Rejects when it cannot be had now. */
  async catchUp(seq: number): Promise<void> {
    while (!this.#closed && this.position !== undefined && this.position < seq) {
      if (this.#repairing) {
        // It may have been answered before `seq` was there, so it says nothing about whether that can be had.
        await this.#repairing;
        continue;
      }
      const before = this.position;
      await this.#repair();
      if (this.position === before) throw new ChatError("service_unavailable");
    }
  }

  /** Nobody is on the way any more. */
  forgetTails(): void {
    this.tail.clear();
    this.liveTail.clear();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#early.clear();
  }

  #deliver(entry: LogEntry): void {
    this.position = entry.seq;
    if (entry.members !== undefined) {
      this.members = entry.members;
      this.events.onMembership(this);
    }
    if (this.joiners > 0) this.tail.add(entry);
    if (this.sessions.size > 0) {
      const frame = entryFrame(this.roomId, entry);
      for (const session of this.sessions) session.socket.send(frame);
      this.events.onDelivered(this);
    }
    if (entry.left !== undefined) this.events.onLeft(this, entry.left);
  }

  #forgetEarly(): void {
    for (const seq of this.#early.keys()) if (seq <= (this.position ?? 0)) this.#early.delete(seq);
  }

  #drain(): void {
    for (;;) {
      const next = this.position === undefined ? undefined : this.#early.get(this.position + 1);
      if (!next) break;
      this.#early.delete(next.seq);
      this.#deliver(next);
    }
    if (this.position !== undefined && this.#heard > this.position) this.#repairIn(patienceMs);
    else if (this.#timer) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  #repairIn(ms: number): void {
    if (this.#timer || this.#closed || this.position === undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#repair().catch((error) => {
        this.events.onError(error);
        this.#repairIn(retryMs);
      });
    }, ms);
  }

  /** Asks for everything after our position; one question at a time. */
  #repair(): Promise<void> {
    this.#repairing ??= this.#ask().finally(() => {
      this.#repairing = undefined;
    });
    return this.#repairing;
  }

  async #ask(): Promise<void> {
    for (;;) {
      const from = this.position;
      if (from === undefined || this.#closed) return;
      const page = await this.log.read(this.roomId, from);
      if (this.#closed) return;
      if (this.position !== undefined && page.floor > this.position) {
        this.position = page.floor;
        this.#forgetEarly();
        this.events.onLost(this);
      }
      let repaired = 0;
      for (const entry of page.entries) {
        if (entry.seq > this.position!) repaired++;
        this.offer(entry);
      }
      if (repaired > 0) this.events.onRepaired(repaired);
      if (page.entries.length === 0 || this.position! >= page.seq) {
        // The log's end is the truth: a number heard of that it does not have was never committed.
        if (page.entries.length === 0 && this.#heard > page.seq) this.#heard = page.seq;
        return;
      }
    }
  }
}

/** An entry as sockets get it, encoded once for all of them. */
export function entryFrame(roomId: string, entry: LogEntry): EncodedEvent {
  return encodeEvent(entry.event, entryBody(roomId, entry.seq, entry.body));
}

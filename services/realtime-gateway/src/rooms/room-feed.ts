// The heart of delivery: one room's entries, in order, to this gateway's clients in the room.
import { entryBody, type LiveHeader, type LogEntry } from "@khui/contracts";
import { type EncodedEvent, encodeEvent } from "@khui/socketio";
import type { Client } from "../connections/client.js";
import type { LogReader } from "./log-reader.js";
import { ReadPositions } from "./read-positions.js";
import { createReplayBudget, type ReplayBudget, ReplayBuffer } from "./replay-buffer.js";
import { Sequencer } from "./sequencer.js";

export interface FeedEvents {
  /** A client gets the room's events from now on, or no longer. */
  onSubscribed(feed: RoomFeed, client: Client): void;
  onUnsubscribed(feed: RoomFeed, client: Client): void;
  /** Somebody has come into the room or left it; the clients get that entry next. */
  onMembership(feed: RoomFeed): void;
  /** An entry went to clients. */
  onDelivered(feed: RoomFeed): void;
  /** This user has sent a message, which the clients have by now. */
  onSent(feed: RoomFeed, userId: string): void;
  /** This user is no longer in the room: their clients must be unsubscribed. */
  onLeft(feed: RoomFeed, userId: string): void;
  /** The log no longer has entries that the clients miss. */
  onLost(feed: RoomFeed): void;
  /** This many entries that the bus lost have been read from the log. */
  onRepaired(entries: number): void;
  /** Nobody is in the room or joining it any more. */
  onUnused(feed: RoomFeed): void;
}

/** Holds a feed open while a client joins the room. */
export interface FeedLease {
  readonly feed: RoomFeed;
  /** Only the first call has an effect. */
  release(): void;
}

export interface LiveFrame {
  readonly header: LiveHeader;
  readonly frame: EncodedEvent;
}

/** Of each kind; a client that needs older entries reads them from the log. */
const maxReplayItems = 1_000;

export class RoomFeed {
  readonly clients = new Set<Client>();
  readonly sequencer: Sequencer;
  /** Participants of the room, whether they are connected or not. */
  members = 0;
  /** What was delivered while a lease is held. */
  readonly replay: ReplayBuffer<LogEntry>;
  readonly liveReplay: ReplayBuffer<LiveFrame>;
  readonly positions = new ReadPositions<LiveFrame>();
  /** The history that positions belong to; undefined until messages-api has said it. */
  epoch: string | undefined;
  /** How often the log turned out to be another one. */
  restarts = 0;
  /** Users shown as typing, with the time (ms) at which that ends. */
  readonly typing = new Map<string, number>();
  /** Resolves when `typing` has those who began before the feed was subscribed, too; undefined until somebody asks. */
  typingKnown: Promise<void> | undefined;
  /** Users with clients here of whom others may not know that they are reached. */
  readonly unreported = new Set<string>();
  #leases = 0;

  constructor(
    readonly roomId: string,
    log: LogReader,
    private readonly events: FeedEvents,
    budget: ReplayBudget = createReplayBudget(),
  ) {
    this.replay = new ReplayBuffer(maxReplayItems, budget, ({ body }) => body.length);
    this.liveReplay = new ReplayBuffer(maxReplayItems, budget, ({ frame }) => frame.bytes);
    this.sequencer = new Sequencer(roomId, log, {
      onEntry: (entry) => this.#deliver(entry),
      onLost: () => {
        // It is of use only without a gap.
        this.replay.clear();
        events.onLost(this);
      },
      onRepaired: events.onRepaired,
    });
  }

  /** The number of the last entry delivered; undefined until the room was first opened. */
  get position(): number | undefined {
    return this.sequencer.position;
  }

  /** Sets what the room was like when it was first opened. Later calls have no effect. */
  open(seq: number, members: number, epoch?: string): void {
    if (this.position !== undefined) return;
    this.members = members;
    this.epoch = epoch;
    this.sequencer.start(seq);
  }

  /**
   * Compares the log, as it was after the feed had come to `known`, with what the feed followed. When the database was restored since
   * (it has another epoch, or ends before `known`), the feed begins again at the log's head, and its clients come back: what they may see may have changed, too.
   */
  noteLog(seq: number, epoch: string | undefined, known: number): void {
    const isOther = epoch !== undefined && this.epoch !== undefined && epoch !== this.epoch;
    this.epoch = epoch ?? this.epoch;
    if (!isOther && seq >= known) return;
    this.restarts++;
    this.replay.clear();
    this.positions.forget();
    this.sequencer.restart(seq);
  }

  /** While a lease is held, the feed stays open and keeps what it delivers in its replay buffers. */
  lease(): FeedLease {
    this.#leases++;
    let released = false;
    return {
      feed: this,
      release: () => {
        if (released) return;
        released = true;
        this.#leases--;
        if (this.#leases > 0) return;
        this.replay.clear();
        this.liveReplay.clear();
        this.#reportUnused();
      },
    };
  }

  /** The client gets what is delivered from now on. */
  subscribe(client: Client): void {
    this.clients.add(client);
    client.addRoom(this.roomId);
    this.events.onSubscribed(this, client);
  }

  unsubscribe(client: Client): void {
    client.removeRoom(this.roomId);
    if (this.clients.delete(client)) this.events.onUnsubscribed(this, client);
    this.#reportUnused();
  }

  /** Whether this is its user's only client in the room at this gateway. */
  isOnlyClientOfUser(client: Client): boolean {
    for (const other of this.clients)
      if (other !== client && other.identity?.userId === client.identity?.userId) return false;
    return true;
  }

  /** Keeps the frame of a live event for clients that are joining. */
  bufferLive(header: LiveHeader, frame: EncodedEvent): void {
    const live = { header, frame };
    this.positions.note(frame.event, live);
    if (this.#leases > 0) this.liveReplay.add(live);
  }

  close(): void {
    this.sequencer.close();
  }

  #deliver(entry: LogEntry): void {
    if (entry.members !== undefined) {
      this.members = entry.members;
      this.positions.forget();
      this.events.onMembership(this);
    }
    if (this.#leases > 0) this.replay.add(entry);
    if (this.clients.size > 0) {
      const frame = entryFrame(this.roomId, entry);
      for (const client of this.clients) client.socket.send(frame);
      this.events.onDelivered(this);
    }
    if (entry.by !== undefined) this.events.onSent(this, entry.by);
    if (entry.left !== undefined) this.events.onLeft(this, entry.left);
  }

  #reportUnused(): void {
    if (this.clients.size === 0 && this.#leases === 0) this.events.onUnused(this);
  }
}

/** An entry as clients get it, encoded once for all of them. */
export function entryFrame(roomId: string, entry: LogEntry): EncodedEvent {
  return encodeEvent(entry.event, entryBody(roomId, entry.seq, entry.body));
}

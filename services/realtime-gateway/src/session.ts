// One socket with what the gateway knows of it.
import { ChatError, errorText, type Language, type ServerEventName } from "@khui/contracts";
import type { Identity } from "@khui/service/http";
import type { Socket } from "@khui/socketio";
import type { RoomFeed } from "./room-feed.js";

/** Events a socket may have waiting: beyond this it talks faster than anyone can answer. */
const maxQueued = 200;
const noRooms: ReadonlyMap<string, RoomFeed> = new Map();

/** What a socket's handshake said that is of use later. */
export interface Caller {
  readonly language: Language;
  /** Behind the edge. */
  readonly address: string;
}

/** Very many of these are idle, so that what an idle one does not need is made when it is needed. */
export class Session {
  identity: Identity | null = null;
  /** Rooms in which this socket said it is typing. */
  typing: Set<string> | null = null;
  closed = false;
  /** Token bucket, see `flood.ts`. */
  tokens: number;
  tokensAt: number;
  strikes = 0;
  readonly openedAt: number;
  #rooms: Map<string, RoomFeed> | null = null;
  /** What waits behind the work under way; null when there is none. */
  #queue: Array<() => Promise<void>> | null = null;

  constructor(
    readonly socket: Socket,
    readonly caller: Caller,
    now: number,
    tokens: number,
  ) {
    this.openedAt = now;
    this.tokens = tokens;
    this.tokensAt = now;
  }

  /** Rooms this socket has joined. */
  get rooms(): ReadonlyMap<string, RoomFeed> {
    return this.#rooms ?? noRooms;
  }

  /** For feeds, which let sockets in and out: see `RoomFeed.admit`. */
  noteRoom(roomId: string, feed: RoomFeed | null): void {
    if (feed) {
      this.#rooms ??= new Map();
      this.#rooms.set(roomId, feed);
    } else this.#rooms?.delete(roomId);
  }

  /** The signed-in user. Throws unauthorized. */
  get userId(): string {
    if (!this.identity) throw new ChatError("unauthorized");
    return this.identity.userId;
  }

  emit(event: ServerEventName, payload: unknown): void {
    if (!this.closed) this.socket.emit(event, payload);
  }

  /** A failure as `error` or `auth_error` carries it. */
  failure(error: ChatError): { code: string; message: string; details?: unknown } {
    const details = error.details === undefined ? {} : { details: error.details };
    return { code: error.code, message: errorText(error.code, this.caller.language), ...details };
  }

  /** Runs what this socket asks for in the order in which it asked. False when too much waits already. `work` never rejects. */
  enqueue(work: () => Promise<void>): boolean {
    if (this.#queue === null) void this.#run(work);
    else if (this.#queue.length >= maxQueued) return false;
    else this.#queue.push(work);
    return true;
  }

  async #run(work: () => Promise<void>): Promise<void> {
    const queue: Array<() => Promise<void>> = [work];
    this.#queue = queue;
    for (let next = queue.shift(); next; next = queue.shift()) await next();
    this.#queue = null;
  }
}

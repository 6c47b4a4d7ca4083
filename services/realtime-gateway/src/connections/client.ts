// One connected client: its socket, who it is, the rooms it has joined, and its requests in order.
import { ChatError, errorText, type Language, type ServerEventName } from "@khui/contracts";
import type { Identity } from "@khui/service/http";
import type { Socket } from "@khui/socketio";
import type { TokenBucket } from "./token-bucket.js";

const noRooms: ReadonlySet<string> = new Set();

/** What the handshake said that is needed later. */
export interface Caller {
  readonly language: Language;
  /** Behind the edge. */
  readonly address: string;
}

interface Request {
  readonly bytes: number;
  readonly run: () => Promise<void>;
}

/** Most clients are idle, and there are very many: what an idle one does not need is created on first use. */
export class Client {
  /** Who the client has authenticated as. */
  identity: Identity | null = null;
  /** Rooms in which this client is typing. */
  typing: Set<string> | null = null;
  closed = false;
  /** Token bucket, see `token-bucket.ts`. */
  tokens: number;
  tokensAt: number;
  strikes = 0;
  /** For joins before it has authenticated, which have a bucket of their own. */
  joins: TokenBucket | null = null;
  /** Bytes of the requests that wait. */
  waitingBytes = 0;
  readonly openedAt: number;
  #rooms: Set<string> | null = null;
  /** Requests waiting behind the one in flight; null when none is in flight. */
  #queue: Request[] | null = null;

  /** `now` in milliseconds. */
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

  /** Ids of the rooms this client has joined: it is in their feeds. */
  get rooms(): ReadonlySet<string> {
    return this.#rooms ?? noRooms;
  }

  /** For feeds alone: `RoomFeed.subscribe` calls it. */
  addRoom(roomId: string): void {
    this.#rooms ??= new Set();
    this.#rooms.add(roomId);
  }

  /** For feeds alone: `RoomFeed.unsubscribe` calls it. */
  removeRoom(roomId: string): void {
    this.#rooms?.delete(roomId);
    this.typing?.delete(roomId);
  }

  /** The authenticated user. Throws unauthorized. */
  get userId(): string {
    if (!this.identity) throw new ChatError("unauthorized");
    return this.identity.userId;
  }

  emit(event: ServerEventName, payload: unknown): void {
    if (!this.closed) this.socket.emit(event, payload);
  }

  /** An error as `error` and `auth_error` carry it, in the client's language. */
  errorPayload(error: ChatError): { code: string; message: string; details?: unknown } {
    const details = error.details === undefined ? {} : { details: error.details };
    return { code: error.code, message: errorText(error.code, this.caller.language), ...details };
  }

  /** Whether a request is in flight. */
  get busy(): boolean {
    return this.#queue !== null;
  }

  /** Runs this client's requests one at a time, in order. `run` must never reject; `bytes` is what it holds while it waits. */
  enqueue(bytes: number, run: () => Promise<void>): void {
    if (this.#queue === null) void this.#run(run);
    else {
      this.waitingBytes += bytes;
      this.#queue.push({ bytes, run });
    }
  }

  async #run(first: () => Promise<void>): Promise<void> {
    const queue: Request[] = [];
    this.#queue = queue;
    await first();
    for (let next = queue.shift(); next; next = queue.shift()) {
      this.waitingBytes -= next.bytes;
      await next.run();
    }
    this.#queue = null;
  }
}

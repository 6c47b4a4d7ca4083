// One connected client: its socket, who it is, the rooms it has joined, and its requests.
import { ChatError, errorText, type Language, type ServerEventName } from "@khui/contracts";
import type { Identity } from "@khui/service/http";
import type { Socket } from "@khui/socketio";
import { RequestQueue } from "./request-queue.js";
import type { TokenBucket } from "./token-bucket.js";

const noRooms: ReadonlySet<string> = new Set();

/** What the handshake said that is needed later. */
export interface Caller {
  readonly language: Language;
  /** Behind the edge. */
  readonly address: string;
}

/** An error as `error`, `auth_error` and `connect_error` carry it. */
export interface ErrorPayload {
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}

export function errorPayload(error: ChatError, language: Language): ErrorPayload {
  const details = error.details === undefined ? {} : { details: error.details };
  return { code: error.code, message: errorText(error.code, language, error.details), ...details };
}

/** Most clients are idle, and there are very many: what an idle one does not need is created on first use. */
export class Client {
  /** Who the client has authenticated as. */
  identity: Identity | null = null;
  /** Its last `authenticate` was refused for good. */
  refused = false;
  /** Rooms in which this client is typing, with when (ms) it last said so. */
  typing: Map<string, number> | null = null;
  closed = false;
  /** Token bucket, see `token-bucket.ts`. */
  tokens: number;
  tokensAt: number;
  strikes = 0;
  /** For joins before it has authenticated, which have a bucket of their own. */
  joins: TokenBucket | null = null;
  readonly requests = new RequestQueue();
  readonly openedAt: number;
  #rooms: Set<string> | null = null;
  #renewals: RequestQueue | null = null;

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

  /** In the client's language. */
  errorPayload(error: ChatError): ErrorPayload {
    return errorPayload(error, this.caller.language);
  }

  /** What renews the token, which must not wait behind a long request until the token has expired. */
  get renewals(): RequestQueue {
    this.#renewals ??= new RequestQueue();
    return this.#renewals;
  }

  /** Bytes of the requests that wait. */
  get waitingBytes(): number {
    return this.requests.waitingBytes + (this.#renewals?.waitingBytes ?? 0);
  }

  /** Resolves when no request is in flight, nor waits, of those until now. */
  async idle(): Promise<void> {
    await Promise.all([this.requests.idle(), this.#renewals?.idle()]);
  }
}

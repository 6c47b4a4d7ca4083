// One socket with what the gateway knows of it.
import { ChatError, errorText, type Language, type ServerEventName } from "@khui/contracts";
import { type Identity, languageOf } from "@khui/http";
import type { Socket } from "@khui/socketio";
import type { RoomFeed } from "./room-feed.js";

/** Events a socket may have waiting: beyond this it talks faster than anyone can answer. */
const maxQueued = 200;

export class Session {
  identity: Identity | null = null;
  /** Rooms this socket has joined. */
  readonly rooms = new Map<string, RoomFeed>();
  /** Rooms in which this socket said it is typing. */
  readonly typing = new Set<string>();
  closed = false;
  /** Token bucket, see `flood.ts`. */
  tokens: number;
  tokensAt: number;
  strikes = 0;
  readonly openedAt: number;
  readonly language: Language;
  #queued = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(
    readonly socket: Socket,
    now: number,
    tokens: number,
  ) {
    this.openedAt = now;
    this.tokens = tokens;
    this.tokensAt = now;
    this.language = languageOf(socket.handshake.headers["accept-language"]);
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
    return { code: error.code, message: errorText(error.code, this.language), ...details };
  }

  /** Runs what this socket asks for in the order in which it asked. False when too much waits already. */
  enqueue(work: () => Promise<void>): boolean {
    if (this.#queued >= maxQueued) return false;
    this.#queued++;
    this.#tail = this.#tail.then(work).finally(() => this.#queued--);
    return true;
  }
}

// What all connections of one engine share.
import { randomBytes } from "node:crypto";
import { Flusher, Gatherer } from "./flusher.js";
import type { Link } from "./link.js";
import type { Settings } from "./options.js";
import { PacketReader } from "./packets.js";
import type { Session } from "./session.js";
import type { Handshake, Socket } from "./socket.js";
import { Wheel } from "./wheel.js";

export class Hub {
  readonly settings: Settings;
  /** By session id. A Map, since the ids looked up are the peers' own words. */
  readonly sessions = new Map<string, Session>();
  readonly sockets = new Set<Socket>();
  readonly links = new Set<Link>();
  readonly wheel: Wheel;
  readonly flusher = new Flusher();
  readonly gatherer = new Gatherer();
  readonly packets = new PacketReader();
  /** Sessions that have not sent CONNECT. */
  handshaking = 0;
  /** Handshakes that were not admitted, ever. */
  refused = 0;
  closed = false;
  readonly #onSocket: (socket: Socket, handshake: Handshake) => void;
  #admissions = 0;
  #admittedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: Settings, onSocket: (socket: Socket, handshake: Handshake) => void) {
    this.settings = settings;
    this.#onSocket = onSocket;
    const { pingInterval, pingTimeout, connectTimeout, upgradeTimeout, pollTimeout, postTimeout } = settings;
    const shortest = Math.min(pingInterval, pingTimeout, connectTimeout, upgradeTimeout, pollTimeout, postTimeout);
    this.wheel = new Wheel(Math.min(Math.max(shortest / 10, 10), 100));
  }

  /** Gives a new socket to the host. */
  welcome(socket: Socket, handshake: Handshake): void {
    this.sockets.add(socket);
    try {
      this.watch(this.#onSocket(socket, handshake), socket);
    } catch (error) {
      this.report(error, socket);
    }
  }

  /** Reports a rejection, should a host's handler be async: unhandled, it would end the process. */
  watch(result: unknown, socket: Socket): void {
    if (result instanceof Promise) result.catch((error: unknown) => this.report(error, socket));
  }

  report(error: unknown, socket?: Socket): void {
    try {
      this.settings.onError(error instanceof Error ? error : new Error(String(error)), socket);
    } catch {
      // A reporter that throws has nobody left to tell.
    }
  }

  /** Whether one more may come in, which counts it: so many at a time, and so many in a second (a token bucket). */
  admit(): boolean {
    const admitted = this.#admit();
    if (!admitted) this.refused += 1;
    return admitted;
  }

  #admit(): boolean {
    const { maxHandshakes, maxHandshakesPerSecond: rate } = this.settings;
    if (this.closed || this.handshaking >= maxHandshakes) return false;
    if (rate === Number.POSITIVE_INFINITY) return true;
    const now = this.wheel.now();
    this.#admissions = Math.min(rate, this.#admissions + ((now - this.#admittedAt) / 1000) * rate);
    this.#admittedAt = now;
    if (this.#admissions < 1) return false;
    this.#admissions -= 1;
    return true;
  }
}

/** 120 random bits, as 20 characters of base64url. */
export function randomId(): string {
  return randomBytes(15).toString("base64url");
}

// What all connections of one engine share, and how its sockets reach the host.

import type { IncomingMessage } from "node:http";
import { LRUCache } from "lru-cache";
import { ClosingConnections } from "./connection/closing-connections.js";
import { Flusher } from "./connection/flusher.js";
import { FrameCoalescer } from "./connection/frame-coalescer.js";
import { TimerWheel } from "./connection/timer-wheel.js";
import { createUpgradeServer, type UpgradeServer, type WebSocketTransport } from "./connection/websocket-transport.js";
import type { EngineSession, SessionContext } from "./engineio/session.js";
import { HandshakeLimiter } from "./handshake-limiter.js";
import type { Handshake, Socket } from "./host/socket.js";
import type { Settings } from "./options.js";
import { BodyBudget } from "./relay/body-budget.js";
import { PacketReader } from "./socketio/packets.js";

/** A poll or an upgrade of a session that has moved, which a proxy repeats, comes within this time. */
const movedSessionsMs = 60_000;
const maxMovedSessions = 10_000;

export class EngineContext implements SessionContext {
  readonly settings: Settings;
  /** By session id. A Map, since peers choose the ids that are looked up. */
  readonly sessions = new Map<string, EngineSession>();
  readonly sockets = new Set<Socket>();
  readonly webSockets = new Set<WebSocketTransport>();
  /** Together they hold as much as one socket may. */
  readonly closing: ClosingConnections;
  readonly timers: TimerWheel;
  readonly flusher = new Flusher();
  readonly coalescer = new FrameCoalescer();
  readonly packets = new PacketReader();
  readonly handshakes: HandshakeLimiter;
  /** Upgrades of other engines' sessions: as many are let in as handshakes, and counted separately. */
  readonly arrivals: HandshakeLimiter;
  /** Those in progress. */
  readonly arriving = new Set<{ cancel(): void }>();
  /** Sessions that have moved from here to another engine, lately. */
  readonly movedSessions = new LRUCache<string, true>({ max: maxMovedSessions, ttl: movedSessionsMs });
  /** Sessions that have moved here since the start. */
  takenOver = 0;
  readonly relayedBodies = new BodyBudget();
  readonly upgradeServer: UpgradeServer;
  readonly #onSocket: (socket: Socket, handshake: Handshake) => void;

  constructor(settings: Settings, onSocket: (socket: Socket, handshake: Handshake) => void) {
    this.settings = settings;
    this.#onSocket = onSocket;
    const { pingInterval, pingTimeout, connectTimeout, upgradeTimeout, pollTimeout, postTimeout } = settings;
    const shortest = Math.min(pingInterval, pingTimeout, connectTimeout, upgradeTimeout, pollTimeout, postTimeout);
    this.timers = new TimerWheel(Math.min(Math.max(shortest / 10, 10), 100));
    this.closing = new ClosingConnections(settings.sendBudget);
    this.handshakes = new HandshakeLimiter(settings, this.timers);
    this.arrivals = new HandshakeLimiter(settings, this.timers);
    this.upgradeServer = createUpgradeServer(settings);
  }

  /** From here on there are no new sessions, and every response closes its HTTP connection. */
  get draining(): boolean {
    return this.handshakes.closed;
  }

  /** Whether the request may open one more session or plain socket. */
  tryHandshake(request: IncomingMessage): boolean {
    return this.handshakes.tryAcquire(this.settings.clientAddress(request));
  }

  /** Gives a new socket to the host. */
  openSocket(socket: Socket, handshake: Handshake): void {
    this.addSocket(socket, () => this.#onSocket(socket, handshake));
  }

  /** Adds a socket that is there for the host, which `give` tells. */
  addSocket(socket: Socket, give: () => void): void {
    this.sockets.add(socket);
    try {
      this.reportRejection(give(), socket);
    } catch (error) {
      this.reportError(error, socket);
    }
  }

  /** Reports a rejection if a host's handler was async: unhandled, it would end the process. */
  reportRejection(result: unknown, socket: Socket): void {
    if (result instanceof Promise) result.catch((error: unknown) => this.reportError(error, socket));
  }

  /** Hands an error to the host's `onError`. Never throws. */
  reportError(error: unknown, socket?: Socket): void {
    try {
      this.settings.onError(error instanceof Error ? error : new Error(String(error)), socket);
    } catch {
      // Nobody is left to report an error of onError to.
    }
  }
}

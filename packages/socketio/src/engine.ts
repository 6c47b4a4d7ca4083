// The engine: handles an HTTP server's requests and upgrades, and gives the host sockets.
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { assertSendable } from "./connection/close-codes.js";
import { EngineContext } from "./context.js";
import { drainEngine } from "./drain.js";
import type { Handshake, Socket } from "./host/socket.js";
import { declineUpgrade, isWebSocket } from "./http/declined-upgrades.js";
import { handleRequest } from "./http/polling-requests.js";
import { handleUpgrade } from "./http/upgrade-requests.js";
import { isUnder, targetOf } from "./http/url.js";
import { type EngineOptions, resolveOptions } from "./options.js";
import { answerRelayed } from "./relay/owner.js";
import type { RelayedAnswer, RelayedRequest } from "./relay/relayed-request.js";
import { answerTakeover } from "./takeover/reservation.js";
import type { TakeoverAnswer, TakeoverRequest } from "./takeover/takeover-request.js";

export interface EngineStats {
  /** Engine.IO sessions, connected or not. */
  sessions: number;
  /** Sessions that have not sent CONNECT. */
  handshaking: number;
  sockets: { polling: number; websocket: number; plain: number };
  /** Bytes of all sockets not yet taken by the kernel or a poll, and of those that are closing as they began to. */
  bufferedBytes: number;
  /** Handshakes answered 503 since the start. */
  refusedHandshakes: number;
  /** Sessions taken over from other engines since the start. */
  takenOver: number;
  /** Writes to connections since the start: each writes all frames that one connection had queued in one turn. */
  writes: number;
}

export interface Engine {
  /**
   * Handles the server's requests under `path` and WebSocket upgrades under both paths, and leaves all others to it. An upgrade
   * that nobody else listens for is answered as a request without one.
   */
  attach(server: Server): void;
  /** Answers a request under `path`, for hosts that do the routing. Its body must not have been read. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  /** Handles an upgrade; returns false, and does nothing, when the path is not the engine's. */
  handleUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): boolean;
  /** Answers a polling request that another engine received: the owner's side of `relay`. Never rejects. */
  handleRelayed(request: RelayedRequest): Promise<RelayedAnswer>;
  /** Answers an engine that has received an upgrade of a session here: the owner's side of `takeover`. Never rejects. */
  handleTakeover(request: TakeoverRequest): Promise<TakeoverAnswer>;
  readonly sockets: ReadonlySet<Socket>;
  /** Counted on each call, so its cost grows with the number of sockets. */
  stats(): EngineStats;
  /**
   * Shuts down gracefully: refuses new sessions and closes every socket a few at a time over `graceMs`, so that other
   * replicas are not hit by all reconnects at once. The default `code`, 1001, lets clients reconnect.
   *
   * Sockets work until they are closed, and none is in the first quarter of the time. During it and afterwards, until
   * `close`, requests are answered, including those of other engines' sessions, with `Connection: close`: that is the time
   * for whatever routes requests here to notice.
   *
   * Resolves when the time is over and all connections are closed; those that do not answer the close within 5 s are
   * terminated.
   */
  drain(graceMs: number, code?: number, reason?: string): Promise<void>;
  /** Drains with no grace, or waits for the drain in progress, and then detaches from the servers. */
  close(code?: number, reason?: string): Promise<void>;
}

/**
 * Creates an engine. It opens no port by itself: see `attach`.
 * @param onSocket called with each new socket; what it throws or rejects with goes to `onError`.
 * @throws RangeError for options that cannot work.
 */
export function createEngine(options: EngineOptions, onSocket: (socket: Socket, handshake: Handshake) => void): Engine {
  const context = new EngineContext(resolveOptions(options), onSocket);
  const detachers: (() => void)[] = [];
  let draining: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  const engine: Engine = {
    sockets: context.sockets,
    attach: (server) => detachers.push(attach(engine, context.settings.path, server)),
    handleRequest: (request, response) => {
      handleRequest(context, request, response).catch((error: unknown) => {
        context.reportError(error);
        response.destroy();
      });
    },
    handleUpgrade: (request, stream, head) => handleUpgrade(context, { request, stream, head }),
    handleRelayed: (request) => answerRelayed(context, request),
    handleTakeover: (request) => answerTakeover(context, request),
    stats: () => statsOf(context),
    drain: (graceMs, code = 1001, reason = "server closing") => {
      assertSendable(code);
      draining ??= drainEngine(context, code, reason, graceMs);
      return draining;
    },
    close: (code, reason) => {
      closing ??= engine.drain(0, code, reason).finally(() => {
        for (const detach of detachers) detach();
      });
      return closing;
    },
  };
  return engine;
}

/** Puts the engine in front of the server's other listeners; the function returned restores them. */
function attach(engine: Engine, path: string, server: Server): () => void {
  const others = server.listeners("request") as RequestListener[];
  const onRequest: RequestListener = (request, response) => {
    if (isUnder(path, targetOf(request.url).pathname)) engine.handleRequest(request, response);
    else for (const listener of others) listener.call(server, request, response);
  };
  const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    if (isWebSocket(request) && engine.handleUpgrade(request, stream, head)) return;
    if (server.listenerCount("upgrade") === 1) declineUpgrade(server, request, stream, head);
  };
  server.removeAllListeners("request");
  server.on("request", onRequest);
  server.on("upgrade", onUpgrade);
  return () => {
    server.off("upgrade", onUpgrade);
    server.off("request", onRequest);
    for (const listener of others) server.on("request", listener);
  };
}

function statsOf(context: EngineContext): EngineStats {
  const sockets = { polling: 0, websocket: 0, plain: 0 };
  let bufferedBytes = context.closing.bytes;
  for (const socket of context.sockets) {
    sockets[socket.kind === "plain" ? "plain" : socket.transport] += 1;
    bufferedBytes += socket.bufferedBytes;
  }
  const { pending: handshaking, refused: refusedHandshakes } = context.handshakes;
  const { sessions, takenOver, flusher } = context;
  const { writes } = flusher;
  return { sessions: sessions.size, handshaking, sockets, bufferedBytes, refusedHandshakes, takenOver, writes };
}

// The engine: takes an HTTP server's requests and upgrades, and gives the host sockets.
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { drainHub } from "./draining.js";
import { Hub } from "./hub.js";
import { createLinkServer, isSendableCode } from "./link.js";
import { type EngineOptions, type RelayedAnswer, type RelayedRequest, settle } from "./options.js";
import { answerRelayed, handleRequest } from "./requests.js";
import type { Handshake, Socket } from "./socket.js";
import { refuseUpgrade, Upgrades } from "./upgrades.js";
import { isUnder, targetOf } from "./url.js";

export interface EngineStats {
  /** Engine.IO sessions, connected or not. */
  sessions: number;
  /** Sessions that have not sent CONNECT. */
  handshaking: number;
  sockets: { polling: number; websocket: number; plain: number };
  /** Bytes of all sockets not yet taken by the kernel or a poll. */
  bufferedBytes: number;
  /** Handshakes answered 503, since the start. */
  refusedHandshakes: number;
  /** Writes to connections, since the start: each takes all frames that one connection was due in one turn. */
  writes: number;
}

export interface Engine {
  /** Takes over the server's requests under `path` and upgrades under both paths, and leaves it all others. */
  attach(server: Server): void;
  /** Answers a request under `path`, for hosts that route themselves. Its body must not have been read. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  /** Takes an upgrade; false, and nothing done, when the path is not the engine's. */
  handleUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): boolean;
  /** Answers a polling request that another engine received: the owner's side of `relay`. Never rejects. */
  relayed(request: RelayedRequest): Promise<RelayedAnswer>;
  readonly sockets: ReadonlySet<Socket>;
  /** Counted on each call: its cost grows with the sockets. */
  stats(): EngineStats;
  /**
   * Refuses new sessions and closes every socket (`code` 1001 by default, which lets clients come back) a few at a time over
   * `graceMs`; they go on working until their turn, so that whoever takes them in is not met by all at once. In the first
   * quarter nobody is closed, and all through it requests are answered, those of other engines' sessions too, with
   * `Connection: close`: the time for whoever sends requests here to notice. So they are afterwards, until `close`.
   * Resolves when the time is over and all connections are gone; those that do not answer the close within 5 s are cut.
   */
  drain(graceMs: number, code?: number, reason?: string): Promise<void>;
  /** Drains in no time, or waits for the drain under way, and then lets go of the servers. */
  close(code?: number, reason?: string): Promise<void>;
}

/**
 * Makes an engine. It opens nothing by itself: see `attach`.
 * @throws RangeError for options that cannot work.
 */
export function createEngine(options: EngineOptions, onSocket: (socket: Socket, handshake: Handshake) => void): Engine {
  const settings = settle(options);
  const hub = new Hub(settings, onSocket);
  const upgrades = new Upgrades(hub, createLinkServer(settings.maxPayload));
  const detachers: (() => void)[] = [];
  let draining: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  const engine: Engine = {
    sockets: hub.sockets,
    attach: (server) => detachers.push(attach(engine, settings.path, server)),
    handleRequest: (request, response) => {
      handleRequest(hub, request, response).catch((error: unknown) => {
        hub.report(error);
        response.destroy();
      });
    },
    handleUpgrade: (request, stream, head) => upgrades.handle(request, stream, head),
    relayed: (request) => answerRelayed(hub, request),
    stats: () => statsOf(hub),
    drain: (graceMs, code = 1001, reason = "server closing") => {
      if (!isSendableCode(code)) throw new RangeError(`a WebSocket cannot send the close code ${code}`);
      draining ??= drainHub(hub, code, reason, graceMs);
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

/** Puts the engine before the server's other listeners; the function returned takes it out again. */
function attach(engine: Engine, path: string, server: Server): () => void {
  const others = server.listeners("request") as RequestListener[];
  const onRequest: RequestListener = (request, response) => {
    if (isUnder(path, targetOf(request.url).pathname)) engine.handleRequest(request, response);
    else for (const listener of others) listener.call(server, request, response);
  };
  const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    if (engine.handleUpgrade(request, stream, head)) return;
    if (server.listenerCount("upgrade") === 1) refuseUpgrade(stream, 400, "Bad request");
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

function statsOf(hub: Hub): EngineStats {
  const sockets = { polling: 0, websocket: 0, plain: 0 };
  let bufferedBytes = 0;
  for (const socket of hub.sockets) {
    sockets[socket.kind === "plain" ? "plain" : socket.transport] += 1;
    bufferedBytes += socket.bufferedBytes;
  }
  const { handshaking, refused: refusedHandshakes } = hub;
  const { writes } = hub.flusher;
  return { sessions: hub.sessions.size, handshaking, sockets, bufferedBytes, refusedHandshakes, writes };
}

// WebSocket upgrades: new Socket.IO sessions, sessions that leave polling, and plain WebSockets.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Hub } from "./hub.js";
import type { LinkServer } from "./link.js";
import { PlainConnection } from "./plain-connection.js";
import { PlainSocket } from "./plain-socket.js";
import { Probe } from "./probe.js";
import { type RefusalCode, refusals } from "./refusals.js";
import { Session } from "./session.js";
import type { Handshake } from "./socket.js";
import { SocketIoSocket } from "./socketio-socket.js";
import { isUnder, queryOf, targetOf } from "./url.js";

export class Upgrades {
  readonly #hub: Hub;
  readonly #server: LinkServer;

  constructor(hub: Hub, server: LinkServer) {
    this.#hub = hub;
    this.#server = server;
  }

  /** Takes an upgrade under one of the engine's paths; false, and nothing done, for any other. */
  handle(request: IncomingMessage, stream: Duplex, head: Buffer): boolean {
    const { path, plainPath } = this.#hub.settings;
    const { pathname, search } = targetOf(request.url);
    if (plainPath !== null && pathname === plainPath) this.#openPlain(request, stream, head, search);
    else if (isUnder(path, pathname)) this.#openSession(request, stream, head, search);
    else return false;
    return true;
  }

  #openPlain(request: IncomingMessage, stream: Duplex, head: Buffer, search: string): void {
    if (!this.#hub.admit()) {
      refuseUpgrade(stream, 503, "Service Unavailable");
      return;
    }
    this.#server.handleUpgrade(request, stream, head, (link) => {
      const connection = new PlainConnection(this.#hub, link);
      link.adopt(stream, connection, this.#hub.links);
      const socket = new PlainSocket(this.#hub, connection);
      connection.receiver = socket;
      this.#hub.welcome(socket, handshakeOf(request, queryOf(search)));
    });
  }

  #openSession(request: IncomingMessage, stream: Duplex, head: Buffer, search: string): void {
    const query = queryOf(search);
    if (query.transport !== "websocket") refuseSession(stream, 0);
    else if (query.sid) this.#probe(request, stream, head, query.sid);
    else if (query.EIO !== "4") refuseSession(stream, 5);
    else if (!this.#hub.admit()) refuseUpgrade(stream, 503, "Service Unavailable");
    else {
      this.#server.handleUpgrade(request, stream, head, (link) => {
        const session = new Session(this.#hub, link);
        session.receiver = new SocketIoSocket(this.#hub, session, handshakeOf(request, query));
        link.adopt(stream, session, this.#hub.links);
        session.push(session.openPacket());
      });
    }
  }

  /** A session of another engine is unknown here: a client told so stays on polling, which can be relayed. */
  #probe(request: IncomingMessage, stream: Duplex, head: Buffer, sid: string): void {
    const session = this.#hub.sessions.get(sid);
    if (!session) refuseSession(stream, 1);
    else if (!session.open || session.transport === "websocket" || session.probe) refuseSession(stream, 3);
    else {
      this.#server.handleUpgrade(request, stream, head, (link) => {
        link.adopt(stream, new Probe(this.#hub, session, link), this.#hub.links);
      });
    }
  }
}

function handshakeOf(request: IncomingMessage, query: Record<string, string>): Handshake {
  return { auth: {}, query, headers: request.headers, address: request.socket.remoteAddress ?? "" };
}

function refuseSession(stream: Duplex, code: RefusalCode): void {
  refuseUpgrade(stream, 400, refusals[code]);
}

/** Answers an upgrade with an HTTP error and closes the connection. */
export function refuseUpgrade(stream: Duplex, status: 400 | 503, message: string): void {
  const phrase = status === 400 ? "Bad Request" : "Service Unavailable";
  stream.on("error", () => stream.destroy());
  stream.once("finish", () => stream.destroy());
  stream.end(
    `HTTP/1.1 ${status} ${phrase}\r\nConnection: close\r\nContent-Type: text/html\r\n` +
      `${status === 503 ? "Retry-After: 1\r\n" : ""}Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  );
}

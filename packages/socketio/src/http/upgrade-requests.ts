// WebSocket upgrade requests: new Socket.IO sessions, sessions that leave polling, and plain WebSockets.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { closeTimeoutMs } from "../connection/close-codes.js";
import type { WebSocketTransport } from "../connection/websocket-transport.js";
import type { EngineContext } from "../context.js";
import { type ErrorCode, errorMessages } from "../engineio/errors.js";
import { EngineSession } from "../engineio/session.js";
import { ownerOf } from "../engineio/session-id.js";
import { UpgradeProbe } from "../engineio/upgrade-probe.js";
import { PlainConnection } from "../plain/plain-connection.js";
import { PlainSocket } from "../plain/plain-socket.js";
import { SocketIoSocket } from "../socketio/socketio-socket.js";
import { Arrival } from "../takeover/arrival.js";
import { handshakeOf } from "./handshake.js";
import { isUnder, queryOf, targetOf } from "./url.js";

/** An upgrade request, as an HTTP server's "upgrade" event gives it. */
export interface UpgradeRequest {
  request: IncomingMessage;
  stream: Duplex;
  head: Buffer;
}

/** Handles an upgrade under one of the engine's paths; returns false, and does nothing, for any other. */
export function handleUpgrade(context: EngineContext, upgrade: UpgradeRequest): boolean {
  const { path, plainPath } = context.settings;
  const { pathname, search } = targetOf(upgrade.request.url);
  if (plainPath !== null && pathname === plainPath) openPlain(context, upgrade, search);
  else if (isUnder(path, pathname)) openSession(context, upgrade, search);
  else return false;
  return true;
}

/** Completes the upgrade and calls `onOpen` at once, unless the request is invalid: ws then answers with an error. */
function completeUpgrade(
  context: EngineContext,
  { request, stream, head }: UpgradeRequest,
  onOpen: (webSocket: WebSocketTransport) => void,
): void {
  let opened = false;
  context.upgradeServer.handleUpgrade(request, stream, head, (webSocket) => {
    opened = true;
    onOpen(webSocket);
  });
  if (!opened) destroyInTime(stream);
}

/** For a stream that is ended: one whose peer has left earlier responses unread cannot be written to. */
function destroyInTime(stream: Duplex): void {
  const timer = setTimeout(() => stream.destroy(), closeTimeoutMs).unref();
  stream.once("close", () => clearTimeout(timer));
}

function openPlain(context: EngineContext, upgrade: UpgradeRequest, search: string): void {
  const { request, stream } = upgrade;
  if (!context.tryHandshake(request)) {
    refuseUpgrade(stream, 503, "Service Unavailable");
    return;
  }
  completeUpgrade(context, upgrade, (webSocket) => {
    const connection = new PlainConnection(context, webSocket);
    webSocket.attach(stream, connection, context);
    const socket = new PlainSocket(context, connection);
    connection.listener = socket;
    context.openSocket(socket, handshakeOf(request, queryOf(search)));
  });
}

function openSession(context: EngineContext, upgrade: UpgradeRequest, search: string): void {
  const { request, stream } = upgrade;
  const query = queryOf(search);
  if (query.transport !== "websocket") refuseSession(stream, 0);
  else if (query.sid) probeSession(context, upgrade, query.sid);
  else if (query.EIO !== "4") refuseSession(stream, 5);
  else if (!context.tryHandshake(request)) refuseUpgrade(stream, 503, "Service Unavailable");
  else {
    // The response and the open packet, which is flushed at the end of this turn, are one write.
    stream.cork();
    completeUpgrade(context, upgrade, (webSocket) => {
      const session = new EngineSession(context, webSocket);
      session.listener = new SocketIoSocket(context, session, handshakeOf(request, query));
      webSocket.attach(stream, session, context);
      session.push(session.openPacket());
    });
    setImmediate(() => stream.uncork());
  }
}

function probeSession(context: EngineContext, upgrade: UpgradeRequest, sid: string): void {
  const { stream } = upgrade;
  const session = context.sessions.get(sid);
  if (!session) probeElsewhere(context, upgrade, sid);
  else if (!session.open) refuseSession(stream, 3);
  else if (session.transport === "websocket" || session.upgrade) {
    // As engine.io does it: the session goes on where it is.
    completeUpgrade(context, upgrade, (webSocket) => {
      webSocket.attach(stream, undefined, context);
      webSocket.closeWith(1000, "");
    });
  } else {
    completeUpgrade(context, upgrade, (webSocket) => {
      webSocket.attach(stream, new UpgradeProbe(context, session, webSocket), context);
    });
  }
}

/** A client whose session cannot be taken over is told that it is unknown: it stays on polling, which can be relayed. */
function probeElsewhere(context: EngineContext, upgrade: UpgradeRequest, sid: string): void {
  const { request, stream } = upgrade;
  const { ownerId, takeover, clientAddress } = context.settings;
  const owner = ownerOf(sid);
  if (!takeover || owner === undefined || owner === ownerId || !context.arrivals.tryAcquire(clientAddress(request))) {
    refuseSession(stream, 1);
    return;
  }
  completeUpgrade(context, upgrade, (webSocket) => {
    webSocket.attach(stream, new Arrival(context, takeover, webSocket, { sid, owner }), context);
  });
}

function refuseSession(stream: Duplex, code: ErrorCode): void {
  refuseUpgrade(stream, 400, errorMessages[code]);
}

/** Answers an upgrade with an HTTP error and closes the connection. */
function refuseUpgrade(stream: Duplex, status: 400 | 503, message: string): void {
  const phrase = status === 400 ? "Bad Request" : "Service Unavailable";
  stream.on("error", () => stream.destroy());
  stream.once("finish", () => stream.destroy());
  destroyInTime(stream);
  stream.end(
    `HTTP/1.1 ${status} ${phrase}\r\nConnection: close\r\nContent-Type: text/html\r\n` +
      `${status === 503 ? "Retry-After: 1\r\n" : ""}Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  );
}

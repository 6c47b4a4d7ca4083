// What the host gets to know of a client when its socket opens, read from the client's first request.
import type { IncomingMessage } from "node:http";
import type { Handshake } from "../host/socket.js";
import type { Query } from "./url.js";

/** A handshake without auth, which Socket.IO sends later, with CONNECT. */
export function handshakeOf(request: IncomingMessage, query: Query): Handshake {
  return { auth: {}, query, headers: request.headers, address: request.socket.remoteAddress ?? "" };
}

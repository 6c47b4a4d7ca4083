// Upgrades that are declined: the request is answered as if it had asked for none (RFC 9110, section 7.8).
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** Many clients offer HTTP/2 in this way (`curl --http2`, Java's HttpClient), and want an ordinary answer otherwise. */
export const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === "websocket";

/**
 * Gives the connection back to the server, as a new one on which the same request arrives without its Upgrade header. Node
 * has parsed only the request's head by then, and a server that listens for upgrades cannot return to it in another way.
 */
export function declineUpgrade(server: Server, request: IncomingMessage, stream: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== "upgrade") lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  }
  stream.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit("connection", stream);
}

// Lingering close: how a connection ends whose request is answered before its body has arrived.
import type { ServerResponse } from "node:http";

/** How long, and how many bytes, the rest of the body is read and dropped: enough for an honest client to finish. */
const lingerMs = 1_000;
const lingerBytes = 256 * 1024;

/**
 * If the request's body has not arrived, makes this response the last of its connection; call it before writing the head.
 * Our side is closed at once, and the connection when the client closes its side or the time is over: closing with unread
 * bytes resets the connection, which may cost the client the response.
 */
export function lingerAfterResponse(response: ServerResponse): void {
  const { req: request } = response;
  const { headers, complete, socket } = request;
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  if (complete || !hasBody) return;
  response.setHeader("connection", "close");
  let bytesLeft = lingerBytes;
  request.on("data", (chunk: Buffer) => {
    bytesLeft -= chunk.length;
    if (bytesLeft < 0) request.pause();
  });
  // Node calls this once the last response of a connection is written.
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
    socket.once("close", () => clearTimeout(timer));
  };
}

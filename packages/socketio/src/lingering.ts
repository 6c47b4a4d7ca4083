// The end of a connection whose request is answered while its body is still coming.
import type { ServerResponse } from "node:http";

/** What still comes is dropped for so long, and so many bytes of it: the body of an honest client has come by then. */
const lingerMs = 1_000;
const lingerBytes = 256 * 1024;

/**
 * Makes this answer the last of its connection when the request's body has not come; to be called before its head is written.
 * Our side is closed at once, and the other when the client has closed its own or the time is over: a close with bytes unread
 * resets the connection, which may take the answer away from the client.
 */
export function closeBehind(response: ServerResponse): void {
  const { req: request } = response;
  const { headers, complete, socket } = request;
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  if (complete || !hasBody) return;
  response.setHeader("connection", "close");
  let left = lingerBytes;
  request.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.pause();
  });
  // What Node calls once the last answer of a connection is written.
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
    socket.once("close", () => clearTimeout(timer));
  };
}

// Ends responses whose client does not read: each would hold a socket and its source for as long as the client likes.
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** A client that reads less than one chunk (64 KB of a file) in this time is stalled; that is about 1 KB a second. */
const defaultStallMs = 60_000;

/**
 * Destroys the connection once bytes of the response have waited for `stallMs` to twice `stallMs` without the client reading a
 * chunk. A source that has nothing to send yet does not count.
 */
export function endWhenStalled(answer: ServerResponse, socket: Socket, stallMs = defaultStallMs): void {
  const taken = () => socket.bytesWritten - socket.writableLength;
  let before = taken();
  // biome-ignore lint/style/noRestrictedGlobals: it takes no time
  const timer = setInterval(() => {
    if (socket.writableLength > 0 && taken() === before) socket.destroy();
    before = taken();
  }, stallMs);
  timer.unref();
  answer.once("close", () => clearInterval(timer));
}

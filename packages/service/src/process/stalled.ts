// Ends answers that nobody reads: each holds a socket and what its bytes come from, for as long as its client likes.
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Of a client that takes less than a piece (64 KB of a file) in this time, as at 1 KB a second. */
export const defaultStallMs = 60_000;

/**
 * Destroys the connection once bytes of the answer have waited for `stallMs`, and for at most twice as long, without its client taking a
 * piece of them. A source that has nothing to send yet is none of the client's doing.
 */
export function endWhenStalled(answer: ServerResponse, socket: Socket, stallMs = defaultStallMs): void {
  const taken = () => socket.bytesWritten - socket.writableLength;
  let before = taken();
  const timer = setInterval(() => {
    if (socket.writableLength > 0 && taken() === before) socket.destroy();
    before = taken();
  }, stallMs);
  timer.unref();
  answer.once("close", () => clearInterval(timer));
}

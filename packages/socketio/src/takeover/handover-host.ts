// What the host does when a session moves from one engine to another.
import type { Socket } from "../host/socket.js";

/** What crosses between the hosts is JSON, which the receiving host validates: another release may have sent it. */
export interface HandoverHost {
  /**
   * At the owner. Resolves when nothing of the socket is being handled, with what the other host prepares for; rejects if it must
   * stay. No event of the client is given to the host from before the call until the move is over.
   */
  offer(socket: Socket): Promise<unknown>;
  /** At the owner: what the other host needs to go on. The socket is closed next, with the reason "moved". */
  give(socket: Socket): unknown;
  /** At the owner: the socket, which was offered, stays, or has closed. */
  keep(socket: Socket): void;
  /** At the other engine: prepares for a socket. Rejects if it cannot take it. */
  expect(offer: unknown): Promise<ExpectedSocket>;
}

/** Exactly one of both is called, once. */
export interface ExpectedSocket {
  /** The socket is here, with what its former host gave. Its client's events follow. */
  adopt(socket: Socket, state: unknown): void;
  /** It does not come. */
  cancel(): void;
}

// A host's refusal of a CONNECT.

/** What a host's `admit` rejects with: a socket.io-client gets `connect_error` with this message and `data`. */
export class ConnectRefused extends Error {
  override readonly name = "ConnectRefused";

  /** @param data has a JSON form. */
  constructor(
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

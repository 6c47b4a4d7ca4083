// Bounds the bytes that were written to a connection and not yet processed by the server.

export interface Outflow {
  /** True: counted as in flight. False: it would exceed the limit and must not be sent. */
  tryReserve(bytes: number): boolean;
}

/** A confirmation is requested whenever this fraction of the limit is in flight. */
const probesPerLimit = 16;

/**
 * `flush` resolves when the server has processed all that was sent before, and rejects when the connection is lost:
 * in both cases those bytes are no longer held. `limit` is in bytes. `onFull` is called once until there is room again.
 */
export function createOutflow(flush: () => Promise<void>, limit: number, onFull: () => void): Outflow {
  let sent = 0;
  let confirmed = 0;
  let probing = false;
  let full = false;

  async function probe(): Promise<void> {
    probing = true;
    const mark = sent;
    await flush().catch(() => undefined);
    confirmed = mark;
    probing = false;
    full = false;
  }

  return {
    tryReserve(bytes) {
      const inFlight = sent - confirmed;
      if (inFlight > 0 && inFlight + bytes > limit) {
        if (!full) onFull();
        full = true;
        return false;
      }
      sent += bytes;
      if (!probing && sent - confirmed >= limit / probesPerLimit) void probe();
      return true;
    },
  };
}

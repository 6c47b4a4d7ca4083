// Bounds what has been given to a connection and not yet been taken by the server.

export interface Outflow {
  /** True: counted as on its way. False: it would exceed the limit and must not be sent. */
  admit(bytes: number): boolean;
}

/** Confirmations are asked for each time this part of the limit is on its way. */
const probesPerLimit = 16;

/**
 * `flush` resolves when the server has processed all that was sent before, and rejects when the connection is lost:
 * in both cases those bytes are no longer held. `limit` is in bytes. `onFull` is called once until there is room again.
 */
export function createOutflow(flush: () => Promise<void>, limit: number, onFull: () => void): Outflow {
  let sent = 0;
  let settled = 0;
  let probing = false;
  let full = false;

  async function probe(): Promise<void> {
    probing = true;
    const mark = sent;
    await flush().catch(() => undefined);
    settled = mark;
    probing = false;
    full = false;
  }

  return {
    admit(bytes) {
      const onItsWay = sent - settled;
      if (onItsWay > 0 && onItsWay + bytes > limit) {
        if (!full) onFull();
        full = true;
        return false;
      }
      sent += bytes;
      if (!probing && sent - settled >= limit / probesPerLimit) void probe();
      return true;
    },
  };
}

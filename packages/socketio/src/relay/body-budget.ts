// Polling bodies read for other engines: whether their sessions exist is known only there, so anybody may send them.

/** Of one client address at a time: enough for an office full of polling clients, whose bodies are small and soon gone. */
export const maxRelayedBytes = 4 * 1024 * 1024;

export class BodyBudget {
  readonly #bytes = new Map<string, number>();

  /** Reserves bytes for a body of `address`; false if it has too many in progress. What is reserved must be released. */
  tryReserve(address: string, bytes: number): boolean {
    const reserved = (this.#bytes.get(address) ?? 0) + bytes;
    if (reserved > maxRelayedBytes) return false;
    this.#bytes.set(address, reserved);
    return true;
  }

  release(address: string, bytes: number): void {
    const left = (this.#bytes.get(address) ?? 0) - bytes;
    if (left > 0) this.#bytes.set(address, left);
    else this.#bytes.delete(address);
  }
}

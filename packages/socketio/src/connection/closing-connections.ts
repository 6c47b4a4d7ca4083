// Connections that are closing while their peers have not read everything: what they hold is bounded together.

export interface ClosingConnection {
  /** Drops the connection with all it holds. */
  cut(): void;
}

/** A peer has 5 s to read what is left. So that nobody fills memory by opening and closing, the first to close are cut. */
export class ClosingConnections {
  readonly #maxBytes: number;
  /** The bytes of each as it began to close, oldest first. */
  readonly #held = new Map<ClosingConnection, number>();
  #bytes = 0;

  /** @param maxBytes of all together; the newest alone may hold more. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What all of them held as they began to close. */
  get bytes(): number {
    return this.#bytes;
  }

  add(connection: ClosingConnection, bytes: number): void {
    this.delete(connection);
    if (bytes === 0) return;
    this.#held.set(connection, bytes);
    this.#bytes += bytes;
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= this.#maxBytes || this.#held.size === 1) return;
      this.delete(oldest);
      oldest.cut();
    }
  }

  delete(connection: ClosingConnection): void {
    this.#bytes -= this.#held.get(connection) ?? 0;
    this.#held.delete(connection);
  }
}

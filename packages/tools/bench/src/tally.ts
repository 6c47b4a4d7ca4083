// Counts what a crowd of sockets receives: each socket must get every number of its room once and in order.

/** The position of one socket in its room. */
export interface Position {
  /** The next expected number. */
  next: number;
}

/** Without any progress for this long, missing messages will not come: gateways repair a loss within 5 s. */
const stallTimeoutMs = 15_000;

export class Tally {
  /** Messages received in their turn. */
  delivered = 0;
  /** Numbers that were skipped. */
  missing = 0;
  /** Duplicates, and messages that arrive after a later one. */
  outOfTurn = 0;
  /** Sockets that were closed from outside, each with its reason. */
  readonly broken: string[] = [];
  #goal = Number.POSITIVE_INFINITY;
  #reached: () => void = () => {};

  constructor(private readonly timeoutMs = stallTimeoutMs) {}

  take(position: Position, number: number): void {
    if (number < position.next) {
      this.outOfTurn++;
      return;
    }
    this.missing += number - position.next;
    position.next = number + 1;
    this.delivered++;
    if (this.delivered >= this.#goal) this.#reached();
  }

  /** Resolves once so many were delivered in all; rejects when they stop coming. One caller at a time. */
  async reach(goal: number): Promise<void> {
    if (this.delivered >= goal) return;
    let timer: NodeJS.Timeout | undefined;
    let seen = this.delivered;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#goal = goal;
        this.#reached = resolve;
        const check = () => {
          if (this.delivered === seen) reject(new Error(`${goal - seen} of ${goal} deliveries are missing`));
          seen = this.delivered;
        };
        timer = setInterval(check, this.timeoutMs);
      });
    } finally {
      clearInterval(timer);
      this.#goal = Number.POSITIVE_INFINITY;
    }
  }

  /** Throws when anything but `expected` deliveries in order was seen. */
  check(expected: number): void {
    const { delivered, missing, outOfTurn, broken } = this;
    if (delivered === expected && missing + outOfTurn + broken.length === 0) return;
    throw new Error(
      `wrong counts: ${JSON.stringify({ expected, delivered, missing, outOfTurn, broken: broken.slice(0, 3) })}`,
    );
  }
}

// Collects what one turn of the event loop sends: a client that comes back opens rooms, asks and publishes, and each would be a write.

export interface TurnQueue {
  /** Runs the operation at the end of this turn, in order. It must not throw. */
  add(operation: () => void): void;
  /** Runs now what has been added. */
  flush(): void;
}

export function createTurnQueue(): TurnQueue {
  let operations: Array<() => void> = [];

  function flush(): void {
    const due = operations;
    operations = [];
    for (const operation of due) operation();
  }

  return {
    add(operation) {
      if (operations.length === 0) setImmediate(flush);
      operations.push(operation);
    },
    flush,
  };
}

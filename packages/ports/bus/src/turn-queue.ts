// Collects what one turn of the event loop sends: a client that comes back opens rooms, asks and publishes, and each would be a write.

export interface TurnQueue {
  /** Runs the operation at the end of this turn, in order. What it throws is reported, and ends no other. */
  add(operation: () => void): void;
  /** Runs now what has been added. */
  flush(): void;
}

/** `onError` must not throw. */
export function createTurnQueue(onError: (error: unknown) => void): TurnQueue {
  let operations: Array<() => void> = [];

  function flush(): void {
    const due = operations;
    operations = [];
    for (const operation of due) {
      try {
        operation();
      } catch (error) {
        onError(error);
      }
    }
  }

  return {
    add(operation) {
      if (operations.length === 0) setImmediate(flush);
      operations.push(operation);
    },
    flush,
  };
}

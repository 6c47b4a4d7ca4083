// Paces what happens again and again: a key acts at once, and then at most once in each interval, at its end.

export interface Pacer<State> {
  /** What the key has waiting for the end of its interval, to be added to; undefined when it may act now. */
  find(key: string): State | undefined;
  /** The key acts now: its interval begins. */
  begin(key: string, state: State): void;
  /** Ends all intervals now. For closing, and for tests that do not wait. */
  endAll(): void;
}

export interface PacerOptions<State> {
  readonly intervalMs: number;
  /** The interval of a key is over. True when what was waiting has been done now: then the next interval begins. */
  readonly onEnd: (key: string, state: State) => boolean;
}

/** Keys are forgotten when an interval ends with nothing waiting: there are as many as acted within two intervals. */
export function createPacer<State>({ intervalMs, onEnd }: PacerOptions<State>): Pacer<State> {
  const intervals = new Map<string, { readonly state: State; readonly timer: NodeJS.Timeout }>();

  function begin(key: string, state: State): void {
    intervals.set(key, { state, timer: setTimeout(end, intervalMs, key).unref() });
  }

  function end(key: string): void {
    const interval = intervals.get(key);
    if (!interval) return;
    clearTimeout(interval.timer);
    intervals.delete(key);
    if (onEnd(key, interval.state)) begin(key, interval.state);
  }

  return {
    find: (key) => intervals.get(key)?.state,
    begin,
    endAll() {
      for (const key of [...intervals.keys()]) end(key);
    },
  };
}

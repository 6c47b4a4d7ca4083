// A check starts servers and clients: whatever becomes of it, they are closed.

export type Closers = Array<() => unknown>;

/** Runs `work`, which adds what is to be closed, and closes it in the reverse order. Rejects when `signal` aborts. */
export async function withCleanup<Result>(
  signal: AbortSignal | undefined,
  work: (closers: Closers) => Promise<Result>,
): Promise<Result> {
  const closers: Closers = [];
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    return await Promise.race([work(closers), aborted]);
  } finally {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  }
}

// Cleanup in reverse order, however the bench ends.

export interface Undo {
  add(close: () => Promise<void>): void;
}

/** Runs `work`, then all cleanups that it registered, also when it fails or is ended by a signal. */
export async function undoing(work: (undo: Undo) => Promise<void>): Promise<void> {
  const closes: Array<() => Promise<void>> = [];
  const all = async (): Promise<void> => {
    for (const close of closes.splice(0).reverse()) await close().catch((error: unknown) => console.error(error));
  };
  const onSignal = () => void all().then(() => process.exit(1));
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.once(signal, onSignal);
  try {
    await work({ add: (close) => closes.push(close) });
  } finally {
    await all();
    for (const signal of signals) process.off(signal, onSignal);
  }
}

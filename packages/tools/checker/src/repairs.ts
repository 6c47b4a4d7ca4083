// How many entries gateways had to ask for, as their metrics tell; they begin anew with each restart.
const metric = "khui_gateway_repaired_entries_total";
const everyMs = 2_000;

export interface Repairs {
  /** The sum over all gateways and their lives; undefined when no gateway counts them. */
  total(): Promise<number | undefined>;
  close(): void;
}

export function watchRepairs(gateways: readonly string[]): Repairs {
  const last = new Map<string, number>();
  let sum: number | undefined;

  async function look(gateway: string): Promise<void> {
    const response = await fetch(`${gateway}/metrics`, { signal: AbortSignal.timeout(everyMs) });
    const lines = (await response.text()).split("\n").filter((line) => line.startsWith(metric));
    if (lines.length === 0) return;
    const now = lines.reduce((all, line) => all + Number(line.split(" ").at(-1)), 0);
    const before = last.get(gateway) ?? 0;
    last.set(gateway, now);
    sum = (sum ?? 0) + (now >= before ? now - before : now);
  }

  // One that is down or held says nothing; what it counted since the last look is not known.
  const lookAll = () => Promise.all(gateways.map((gateway) => look(gateway).catch(() => {})));
  const timer = setInterval(() => void lookAll(), everyMs);
  return {
    async total() {
      await lookAll();
      return sum;
    },
    close: () => clearInterval(timer),
  };
}

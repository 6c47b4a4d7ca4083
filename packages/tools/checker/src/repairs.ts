// How many entries gateways had to fetch, from their metrics, which begin again at 0 with each restart.
const metric = "khui_gateway_repaired_entries_total";
const pollIntervalMs = 2_000;

export interface Repairs {
  /** The sum over all gateways and their restarts; undefined when no gateway has the metric. */
  total(): Promise<number | undefined>;
  close(): void;
}

export function countRepairs(gateways: readonly string[]): Repairs {
  const last = new Map<string, number>();
  let sum: number | undefined;

  async function scrape(gateway: string): Promise<void> {
    const response = await fetch(`${gateway}/metrics`, { signal: AbortSignal.timeout(pollIntervalMs) });
    const lines = (await response.text()).split("\n").filter((line) => line.startsWith(metric));
    if (lines.length === 0) return;
    const now = lines.reduce((all, line) => all + Number(line.split(" ").at(-1)), 0);
    const before = last.get(gateway) ?? 0;
    last.set(gateway, now);
    sum = (sum ?? 0) + (now >= before ? now - before : now);
  }

  // A gateway that is down or paused does not answer; what it counted since the last scrape is lost.
  const scrapeAll = () => Promise.all(gateways.map((gateway) => scrape(gateway).catch(() => {})));
  const timer = setInterval(() => void scrapeAll(), pollIntervalMs);
  return {
    async total() {
      await scrapeAll();
      return sum;
    },
    close: () => clearInterval(timer),
  };
}

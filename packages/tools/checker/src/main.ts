// `npm run check:faults -- --seconds 75 --seed N [--out FILE] [--logs FOLDER]`: exit code 1 when anything was lost, with the differences.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runCheck } from "./check.js";
import { renderReport } from "./report.js";

const option = (preset: string) => ({ type: "string", default: preset }) as const;
const { values } = parseArgs({
  options: {
    seconds: option("75"),
    seed: option(String(Math.floor(Math.random() * 2 ** 31))),
    clients: option("40"),
    rooms: option("10"),
    rate: option("25"),
    out: { type: "string" },
    logs: { type: "string" },
  },
});
const number = (name: "seconds" | "seed" | "clients" | "rooms" | "rate"): number => {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value >= 0) return value;
  console.error(`--${name} is a number, not ${values[name]}`);
  process.exit(2);
};
const { POSTGRES_URL, NATS_URL, REDIS_URL } = process.env;
const given = Object.entries({ postgres: POSTGRES_URL, nats: NATS_URL, redis: REDIS_URL });
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
}
const began = performance.now();
const report = await runCheck({
  seconds: number("seconds"),
  seed: number("seed"),
  clients: number("clients"),
  rooms: number("rooms"),
  perSecond: number("rate"),
  presenceMs: 30_000,
  signal: interrupted.signal,
  logFolder: values.logs,
  given: new Set(given.flatMap(([name, url]) => (url ? [name] : []))),
  log: (line) => console.error(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`),
});
const table = renderReport(report);
console.log(table);
if (values.out) writeFileSync(values.out, table);
if (report.differences.length > 0) {
  console.error(`${report.logs}\n\n${report.differences.length} differences:\n${report.differences.join("\n")}`);
}
process.exit(report.differences.length > 0 ? 1 : 0);

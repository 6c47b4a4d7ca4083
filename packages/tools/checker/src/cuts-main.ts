// `npm run check:cuts -- --minutes 3 --seed N`: exit code 1 when anything was lost, doubled or reordered, with the differences.
import { parseArgs } from "node:util";
import { renderCuts, runCuts } from "./cuts.js";

const option = (preset: string) => ({ type: "string", default: preset }) as const;
const { values } = parseArgs({
  options: { minutes: option("3"), seed: option(String(Math.floor(Math.random() * 2 ** 31))), rate: option("20") },
});
const number = (name: keyof typeof values): number => {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value >= 0) return value;
  console.error(`--${name} is a number, not ${values[name]}`);
  process.exit(2);
};
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
}
const began = performance.now();
const report = await runCuts({
  seconds: 60 * number("minutes"),
  seed: number("seed"),
  perSecond: number("rate"),
  signal: interrupted.signal,
  log: (line) => console.error(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`),
});
console.log(renderCuts(report));
if (report.differences.length > 0) console.error(`${report.logs}\n\n${report.differences.join("\n")}`);
process.exit(report.differences.length > 0 ? 1 : 0);

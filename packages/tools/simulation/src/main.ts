// `npm run check:simulation -- [--schedules N] [--seed S]`, or `-- --replay S`: exit code 1 when a promise was broken, with the seeds.
import { parseArgs } from "node:util";
import type { Played } from "./schedule.js";
import { replay, simulate } from "./simulate.js";

const { values } = parseArgs({
  options: { schedules: { type: "string" }, seed: { type: "string" }, replay: { type: "string" } },
});
const number = (name: keyof typeof values, preset: number): number => {
  const value = Number(values[name] ?? preset);
  if (Number.isInteger(value) && value >= 0) return value;
  console.error(`--${name} is a whole number, not ${values[name]}`);
  process.exit(2);
};
const show = ({ seed, issues }: Played) =>
  console.log(`\nseed ${seed}:\n${issues.map((one) => `  ${one}`).join("\n")}`);

if (values.replay === undefined) {
  const first = number("seed", Math.floor(Math.random() * 2 ** 31));
  const began = performance.now();
  const { schedules, events, received, broken } = await simulate({ first, schedules: number("schedules", 10_000) });
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(
    `${schedules} schedules from seed ${first} on in ${seconds} s: ${events} events, ${received} entries received`,
  );
  for (const played of broken) show(played);
  if (broken.length > 0) console.log("\nEverything that happened: npm run check:simulation -- --replay SEED");
  process.exitCode = broken.length > 0 ? 1 : 0;
} else {
  const played = await replay(number("replay", 0));
  for (const line of played.trace) console.log(line);
  show(played);
  process.exitCode = played.issues.length > 0 ? 1 : 0;
}

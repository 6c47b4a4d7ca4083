// `npm run check:neighbours`: what someone notices whose neighbours ask for all that they may, and what each such request costs.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Herd, startHerd, type Visitor } from "./comeback/herd-tasks.js";
import { ourVisitor } from "./comeback/rivals.js";
import { socketIoPath } from "./live-socket.js";
import { attackNames } from "./neighbours/attacks.js";
import { cpuOf, type Siege, startBesiegers, type Waits } from "./neighbours/siege.js";
import { type Setting, setStage } from "./neighbours/stage.js";
import { positive } from "./options.js";
import { describeMachine, table } from "./report.js";
import { percentile } from "./statistics.js";
import { undoing } from "./undo.js";

const usage = `npm run check:neighbours -- [--only NAME]... [--accounts 1] [--seconds 4] [--out FILE] [--short]
  --only NAME   only this attack; may be repeated
  --accounts N  accounts of the adversary, all at once
  --seconds N   length of an attack
  --short       only the worst attacks, for a moment, and no table: what is asserted in any case
Exits with 1 when the victim met an error of the server or missed a message, or a request cost more than it may.
Attacks: ${attackNames.join(", ")}`;
/** Of all processes, for one request of the worst attacks: three times what was measured, or more. */
const mostCpuMs: Readonly<Record<string, number>> = {
  sendMedia: 1_000,
  listRooms: 400,
  "unread resume": 600,
  listMessages: 100,
  forwardMessage: 100,
};
const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    accounts: { type: "string", default: "1" },
    seconds: { type: "string", default: "4" },
    out: { type: "string" },
    short: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit();
}
const accountsEach = positive("accounts", values.accounts);
const attackSeconds = values.short ? 2 : positive("seconds", values.seconds);
const quietMs = values.short ? 1_000 : 3_000;
const attacks = values.only ?? (values.short ? Object.keys(mostCpuMs) : attackNames);
const unknown = attacks.find((name) => !attackNames.includes(name));
if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${attackNames.join(", ")}`);

const sieges: Siege[] = [];
await undoing(async (undo) => {
  const setting = await setStage(attacks.length * accountsEach, undo);
  await gatherCrowd(setting, (herd) => undo.add(herd.stop));
  const besiegers = startBesiegers(setting);
  undo.add(besiegers.stop);
  for (const [n, attack] of attacks.entries()) {
    // Fresh ones each time, whose limits nobody has used up.
    const accounts = setting.accounts.slice(n * accountsEach, (n + 1) * accountsEach);
    const siege = await besiegers.lay(attack, accounts, { quietMs, attackSeconds });
    sieges.push(siege);
    if (!values.short)
      console.error(`${attack}: ${siege.result.requests} requests, ${cpuOf(siege).toFixed(2)} ms CPU each`);
  }
});
const violations = sieges.flatMap(violationsOf);
if (!values.short) printTable();
else if (violations.length === 0) console.log("the victim met no error, missed nothing, and no request cost too much");
for (const violation of violations) console.error(violation);
process.exitCode = violations.length > 0 ? 1 : 0;

/** What neither the time that something takes nor other programs on the machine can change much. */
function violationsOf(siege: Siege): string[] {
  const { attack, errors, wrong } = siege;
  const most = mostCpuMs[attack] ?? Number.POSITIVE_INFINITY;
  return [
    ...(errors > 0 ? [`${attack}: the victim was answered with 5xx ${errors} times`] : []),
    ...(wrong > 0 ? [`${attack}: the victim missed ${wrong} messages, or had them twice`] : []),
    ...(cpuOf(siege) > most ? [`${attack}: ${cpuOf(siege).toFixed(1)} ms CPU a request, and ${most} at most`] : []),
  ];
}

function printTable(): void {
  const { date, cores, cpu, memoryGb, node } = describeMachine("");
  const head = [
    "attack",
    "requests (limited, failed, cut off)",
    "victim's send, ms",
    "delivery",
    "list",
    "refused, 5xx, wrong",
    "CPU ms a request",
    "of which",
  ];
  const markdown =
    `${date}: ${cores} × ${cpu}, ${memoryGb} GB, Node ${node}; ${attackSeconds} s an attack, accounts of the adversary: ` +
    `${accountsEach}. Of the victim p50 / p95, before → meanwhile.\n\n${table(head, sieges.map(rowOf))}`;
  console.log(markdown);
  if (values.out) writeFileSync(values.out, `${markdown}\n`);
}

function rowOf(siege: Siege): string[] {
  const { attack, result, quiet, attacked, refused, errors, wrong, cpu } = siege;
  const waits = (kind: keyof Waits) => {
    const of = (values: readonly number[]) =>
      `${percentile(values, 0.5).toFixed(0)} / ${percentile(values, 0.95).toFixed(0)}`;
    return `${of(quiet[kind])} → ${of(attacked[kind])}`;
  };
  const largest = [...cpu].filter(([, ms]) => ms >= cpuOf(siege) / 20).sort(([, a], [, b]) => b - a);
  return [
    attack,
    `${result.requests} (${result.limited}, ${result.failed}, ${result.closed})`,
    waits("send"),
    waits("delivery"),
    waits("list"),
    `${refused}, ${errors}, ${wrong}`,
    cpuOf(siege).toFixed(2),
    largest.map(([name, ms]) => `${name} ${ms.toFixed(2)}`).join(", "),
  ];
}

/** Those who see what happens in the rooms are connected, and in the busiest. */
async function gatherCrowd({ system, stage, crowd }: Setting, onStart: (herd: Herd) => void): Promise<void> {
  const herd = startHerd();
  onStart(herd);
  const visitors: Visitor[] = crowd.tokens.map((token) => ({
    ...ourVisitor(
      token,
      [stage.square, stage.open, stage.governed].map((chatRoomId) => ({ chatRoomId })),
    ),
    address: { url: system.url, path: socketIoPath },
  }));
  await herd.run({ task: "sign in", visitors });
  await herd.run({ task: "join" });
}

// One run: a system, people who use it, faults, and the verdict.
import { startDistributed } from "@khui/test-kit/distributed";
import { useSystem } from "@khui/test-kit/system";
import type { Actor, Stage } from "./actions.js";
import { createGaps } from "./gaps.js";
import { injectFaults, type StepRecord } from "./injecting.js";
import { Ledger } from "./ledger.js";
import { startLoad } from "./load.js";
import { type Cast, gatherCast } from "./people.js";
import { planFaults } from "./plan.js";
import { awaitTruePresence, type PresenceVerdict } from "./presence.js";
import { createRandom } from "./random.js";
import { watchRepairs } from "./repairs.js";
import type { Report } from "./report.js";
import { targetsOf } from "./targets.js";
import { failureAfter } from "./until.js";
import { findDifferences } from "./verdict.js";

export interface CheckOptions {
  /** How long faults come. */
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
  readonly rooms: number;
  /** Operations that all clients together begin in a second. */
  readonly perSecond: number;
  /** Presence is to be true so long after the last fault, once everybody is connected. */
  readonly presenceMs: number;
  /** Servers named by the environment: they are used, and never made to fail. */
  readonly given: ReadonlySet<string>;
  /** Where the services' logs are kept; nowhere without it. */
  readonly logFolder?: string | undefined;
  /** Ends the run early: it rejects, and leaves nothing running. */
  readonly signal?: AbortSignal;
  /** Told what goes on, a line at a time. */
  say(line: string): void;
}

/** For what takes no longer than a minute where nothing else runs. */
const patienceMs = 180_000;
/** Of the people, who are away when presence is asked about. */
const atHome = 0.1;

/** Starts everything, and ends it. Rejects only when the check itself cannot be done. */
export async function runCheck(options: CheckOptions): Promise<Report> {
  options.say(`seed ${options.seed}`);
  const closers: Array<() => unknown> = [];
  const aborted = new Promise<never>((_, reject) => {
    options.signal?.addEventListener("abort", () => reject(options.signal?.reason), { once: true });
  });
  try {
    return await Promise.race([run(options, closers), aborted]);
  } finally {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  }
}

async function run(options: CheckOptions, closers: Array<() => unknown>): Promise<Report> {
  const { seed, seconds, say } = options;
  const system = await startDistributed({}, { logFolder: options.logFolder });
  closers.push(() => system.stop());
  const noted = { teardown: (close: () => unknown) => closers.push(close), fail: say };
  const people = await useSystem(noted, system);
  const random = createRandom(seed);
  const [ledger, gaps] = [new Ledger(), createGaps()];
  const cast = await gatherCast({ ...options, system: people, random, ledger, onEntry: gaps.heard });
  closers.push(() => closeAll(cast.actors));
  const repairs = watchRepairs(system.gateways);
  closers.push(() => repairs.close());

  const givingUp = new AbortController();
  closers.push(() => givingUp.abort());
  const tally = { tries: 0, unanswered: new Map<string, number>(), refused: [] as string[] };
  let counted = 0;
  const stage: Stage = {
    roomIds: cast.roomIds,
    ledger,
    tally,
    givenUp: givingUp.signal,
    count: () => ++counted,
    onSent: gaps.sent,
    onAway: gaps.forget,
  };
  const load = startLoad(cast.actors, stage, options.perSecond);
  const targets = targetsOf(system, options.given);
  const plan = planFaults(targets, createRandom(random.below(2 ** 31)));
  const injection = injectFaults(targets, plan, seconds, (step) => say(describe(step)));
  closers.push(() => injection.close());
  await injection.finished;
  const home = random.shuffled(cast.actors).slice(0, Math.ceil(cast.actors.length * atHome));
  closeAll(home);
  for (const { follower } of home) gaps.forget(follower);
  say("no more faults");
  const late = setTimeout(() => givingUp.abort(), patienceMs);
  await load.finish();
  clearTimeout(late);
  say("all is answered");

  const settled = await settle(cast, home, ledger, options);
  injection.close();
  const differences = [...injection.deaths, ...tally.refused, ...settled.differences];
  return {
    seed,
    seconds,
    clients: cast.actors.length,
    rooms: cast.roomIds.length,
    counts: ledger.counts,
    tally,
    entries: sumOf(cast.actors, ({ follower }) => follower.counts.entries),
    resumes: sumOf(cast.actors, ({ follower }) => follower.counts.resumes),
    repaired: await repairs.total(),
    presence: settled.presence,
    nameless: settled.nameless,
    steps: injection.steps,
    gaps: gaps.rows(injection.steps),
    differences,
    logs: differences.length > 0 ? system.logTails() : "",
  };
}

const sumOf = (actors: readonly Actor[], count: (actor: Actor) => number) =>
  actors.reduce((sum, actor) => sum + count(actor), 0);

interface Settled {
  readonly presence: PresenceVerdict;
  readonly nameless: number;
  readonly differences: readonly string[];
}

/** Everybody comes back but those who stay at home; presence is asked about; then those too, and the states. */
async function settle(cast: Cast, home: readonly Actor[], ledger: Ledger, options: CheckOptions): Promise<Settled> {
  const { actors, roomIds } = cast;
  const differences: string[] = [];
  const note = (text: string | undefined): void => void (text !== undefined && differences.push(text));
  const ask = async (watchers: readonly Actor[]) => {
    const verdict = await awaitTruePresence(watchers, roomIds, ledger, options.presenceMs);
    differences.push(...verdict.differences);
    return verdict;
  };
  const here = actors.filter((actor) => !home.includes(actor));
  // Again: some were away when they were sent home, and have come back since.
  closeAll(home);
  note(await allBack(here));
  const presence = await ask(here);
  options.say(`presence is ${presence.differences.length > 0 ? "not " : ""}true after ${presence.ms} ms`);
  note(await allBack(actors));
  options.say("all are back");
  const states = await findDifferences(actors, ledger, patienceMs);
  differences.push(...states.differences);
  options.say("all know what a fetch says");
  const [last, ...others] = actors as [Actor, ...Actor[]];
  closeAll(others);
  await ask([last]);
  return { presence, nameless: states.nameless, differences };
}

async function allBack(actors: readonly Actor[]): Promise<string | undefined> {
  for (const { follower } of actors) follower.line.open();
  return failureAfter(patienceMs, () => {
    const away = actors.filter(({ follower }) => !follower.isBack);
    const names = away.map(({ user, follower }) => `${follower.kind} ${user.id}`).join();
    if (away.length > 0) throw new Error(`${names} did not come back`);
  });
}

function closeAll(actors: readonly Actor[]): void {
  for (const { follower } of actors) follower.line.close();
}

function describe({ faults }: StepRecord): string {
  return faults.map(({ kind, name }) => `${kind} ${name}`).join(" and ");
}

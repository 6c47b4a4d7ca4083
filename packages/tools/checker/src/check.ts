// One run: a system, people who use it, injected faults, and the verification.

import { startDistributed } from "@khui/test-kit/distributed";
import { createRandom } from "@khui/test-kit/random";
import { useSystem } from "@khui/test-kit/system";
import type { Actor, Stage } from "./actions.js";
import { type Closers, withCleanup } from "./cleanup.js";
import { findDifferences } from "./differences.js";
import { createGaps } from "./gaps.js";
import { injectFaults, type StepRecord } from "./injecting.js";
import { Ledger } from "./ledger.js";
import { startLoad } from "./load.js";
import { type Cast, gatherCast } from "./people.js";
import { planFaults } from "./plan.js";
import { awaitTruePresence, type PresenceResult } from "./presence.js";
import { countRepairs } from "./repairs.js";
import type { Report } from "./report.js";
import { targetsOf } from "./targets.js";
import { failureAfter } from "./until.js";

export interface CheckOptions {
  /** How long faults are injected. */
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
  readonly rooms: number;
  /** Operations per second that all clients together begin. */
  readonly perSecond: number;
  /** Presence must be correct within this time after the last fault, once everybody is connected. */
  readonly presenceMs: number;
  /** Servers configured by the environment: they are used, and no faults are injected into them. */
  readonly given: ReadonlySet<string>;
  /** Where the services' logs are written; nowhere when absent. */
  readonly logFolder?: string | undefined;
  /** Aborts the run: it rejects, and leaves nothing running. */
  readonly signal?: AbortSignal;
  /** Called with each line of progress. */
  log(line: string): void;
}

/** For steps that take at most a minute on an idle machine. */
export const completionTimeoutMs = 180_000;
/** The share of people who are disconnected when presence is checked. */
const atHome = 0.1;

/** Runs a check from start to cleanup. Rejects only when the check itself cannot be done. */
export async function runCheck(options: CheckOptions): Promise<Report> {
  options.log(`seed ${options.seed}`);
  return withCleanup(options.signal, (closers) => run(options, closers));
}

async function run(options: CheckOptions, closers: Closers): Promise<Report> {
  const { seed, seconds, log } = options;
  const system = await startDistributed({}, { logFolder: options.logFolder });
  closers.push(() => system.stop());
  const noted = { teardown: (close: () => unknown) => closers.push(close), fail: log };
  const people = await useSystem(noted, system);
  const random = createRandom(seed);
  const [ledger, gaps] = [new Ledger(), createGaps()];
  const cast = await gatherCast({ ...options, system: people, random, ledger, onEntry: gaps.received });
  closers.push(() => closeAll(cast.actors));
  const repairs = countRepairs(system.gateways);
  closers.push(() => repairs.close());

  const givingUp = new AbortController();
  closers.push(() => givingUp.abort());
  const tally = { tries: 0, unanswered: new Map<string, number>(), refused: [] as string[] };
  let counted = 0;
  const stage: Stage = {
    actors: cast.actors,
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
  const injection = injectFaults(targets, plan, seconds, (step) => log(describe(step)));
  closers.push(() => injection.close());
  await injection.finished;
  log("no more faults");
  const late = setTimeout(() => givingUp.abort(), completionTimeoutMs);
  await load.finish();
  clearTimeout(late);
  log("all is answered");

  // Not before: an action may wait until its client is back.
  const home = random.shuffled(cast.actors).slice(0, Math.ceil(cast.actors.length * atHome));
  for (const { follower } of home) gaps.forget(follower);
  const verified = await verify(cast, home, ledger, options);
  injection.close();
  const differences = [...injection.deaths, ...tally.refused, ...verified.differences];
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
    presence: verified.presence,
    nameless: verified.nameless,
    steps: injection.steps,
    gaps: gaps.rows(injection.steps),
    differences,
    logs: differences.length > 0 ? system.logTails() : "",
  };
}

export const sumOf = (actors: readonly Actor[], count: (actor: Actor) => number) =>
  actors.reduce((sum, actor) => sum + count(actor), 0);

interface Verification {
  readonly presence: PresenceResult;
  readonly nameless: number;
  readonly differences: readonly string[];
}

/** Reconnects all but those at home and checks presence; then reconnects those too, and compares states. */
async function verify(
  cast: Cast,
  home: readonly Actor[],
  ledger: Ledger,
  options: CheckOptions,
): Promise<Verification> {
  const { actors, roomIds } = cast;
  const differences: string[] = [];
  const note = (text: string | undefined): void => void (text !== undefined && differences.push(text));
  const checkPresence = async (connected: readonly Actor[]) => {
    const result = await awaitTruePresence(connected, roomIds, ledger, options.presenceMs);
    differences.push(...result.differences);
    return result;
  };
  const here = actors.filter((actor) => !home.includes(actor));
  closeAll(home);
  note(await allBack(here));
  const presence = await checkPresence(here);
  options.log(`presence is ${presence.differences.length > 0 ? "not " : ""}true after ${presence.ms} ms`);
  note(await allBack(actors));
  options.log("all are back");
  const states = await findDifferences(actors, ledger, completionTimeoutMs);
  differences.push(...states.differences);
  options.log("all know what a fetch says");
  const [last, ...others] = actors as [Actor, ...Actor[]];
  closeAll(others);
  await checkPresence([last]);
  return { presence, nameless: states.nameless, differences };
}

/** Resolves when all are connected and in their rooms, or says after three minutes who is not. */
export async function allBack(actors: readonly Actor[]): Promise<string | undefined> {
  for (const { follower } of actors) follower.line.open();
  return failureAfter(completionTimeoutMs, () => {
    const away = actors.filter(({ follower }) => !follower.isBack);
    const names = away.map(({ user, follower }) => `${follower.kind} ${user.id}`).join();
    if (away.length > 0) throw new Error(`${names} did not come back`);
  });
}

export function closeAll(actors: readonly Actor[]): void {
  for (const { follower } of actors) follower.line.close();
}

function describe({ faults }: StepRecord): string {
  return faults.map(({ kind, name }) => `${kind} ${name}`).join(" and ");
}

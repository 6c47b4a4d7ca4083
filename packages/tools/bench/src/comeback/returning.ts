// The process of people who come back.
import { setTimeout as sleep } from "node:timers/promises";
import { sum } from "../statistics.js";
import { serveTasks } from "../worker.js";
import type { ReturnResult, ReturnTask } from "./return-tasks.js";
import { Returner } from "./returner.js";

/** Between the first connections of two people. */
const everyMs = 2;
const longestMs = 300_000;
const compareMs = 30_000;
const pollMs = 50;

let people: Returner[] = [];
let heads: ReadonlyMap<string, number> = new Map();
let onWhole = (): void => {};

async function work(task: ReturnTask): Promise<ReturnResult> {
  if (task.task === "come") {
    people = task.plans.map((plan) => new Returner(plan, () => onWhole()));
    const there = allWhole();
    for (const person of people) {
      person.begin(task.urls);
      person.connect();
      await sleep(everyMs);
    }
    await there;
  } else if (task.task === "return") {
    for (const person of people) person.begin(task.urls);
    const there = allWhole();
    if (task.drop) {
      for (const person of people) {
        person.drop();
        person.connect();
      }
    }
    await there;
  } else {
    heads = new Map(task.heads);
    for (let waited = 0; behind() > 0 && waited < compareMs; waited += pollMs) await sleep(pollMs);
  }
  const count = (pick: (person: Returner) => number): number => sum(people.map(pick));
  return {
    signedInAt: people.map(({ signedInAt }) => signedInAt),
    wholeAt: people.map(({ wholeAt = 0 }) => wholeAt),
    joinMs: Math.max(...people.map(({ wholeAt = 0, signedInAt }) => wholeAt - signedInAt)),
    refused: count(({ refusals }) => (refusals > 0 ? 1 : 0)),
    refusedTwice: count(({ refusals }) => (refusals > 1 ? 1 : 0)),
    refusedJoins: count(({ refusedJoins }) => refusedJoins),
    lost: count(({ lost }) => lost),
    repeated: count(({ repeated }) => repeated),
    resyncs: count(({ resyncs }) => resyncs),
    behind: behind(),
  };
}

const behind = (): number =>
  sum(people.map(({ rooms }) => [...rooms].filter(([roomId, { last }]) => last < (heads.get(roomId) ?? 0)).length));

/** Rejects when it takes too long, with how far everyone has come. */
function allWhole(): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      const progress: Record<string, number> = {};
      for (const person of people) progress[person.progress] = (progress[person.progress] ?? 0) + 1;
      reject(new Error(`not all are there after ${longestMs / 1_000} s: ${JSON.stringify(progress)}`));
    }, longestMs);
    onWhole = () => {
      if (people.some(({ wholeAt }) => wholeAt === undefined)) return;
      clearTimeout(late);
      resolve();
    };
  });
}

serveTasks(work);

// The plan is the same for the same seed, comes to everything, and never asks too much at once.

import { createRandom } from "@khui/test-kit/random";
import { test } from "tap";
import { faultKinds, planFaults, type Step } from "../src/plan.js";
import type { Target } from "../src/targets.js";

const targets = ["a", "b", "c", "d"].map((name) => ({ name, part: name }) as unknown as Target);

function steps(seed: number, count: number): Step[] {
  const plan = planFaults(targets, createRandom(seed));
  return Array.from({ length: count }, () => plan.next().value as Step);
}

test("a seed names its plan", async (t) => {
  t.same(steps(7, 50), steps(7, 50));
  t.notSame(steps(7, 50), steps(8, 50));
});

test("every kind of fault comes to every target before any comes again", async (t) => {
  const all = targets.length * faultKinds.length;
  for (let seed = 0; seed < 100; seed++) {
    const faults = steps(seed, 12).flatMap((step) => step.faults.map(({ kind, target }) => `${kind} ${target.name}`));
    t.equal(new Set(faults.slice(0, all)).size, all, `seed ${seed}`);
  }
});

test("a step and the pair after it are of all kinds", async (t) => {
  for (let seed = 0; seed < 100; seed++) {
    const kinds = steps(seed, 2).flatMap((step) => step.faults.map(({ kind }) => kind));
    t.same(kinds.sort(), [...faultKinds].sort(), `seed ${seed}`);
  }
});

test("one and two at once by turns, never twice the same, and none without an end", async (t) => {
  for (const [n, { faults }] of steps(5, 200).entries()) {
    t.equal(faults.length, 1 + (n % 2));
    t.equal(new Set(faults.map(({ target }) => target)).size, faults.length);
    t.ok(faults.every(({ holdMs, delayMs }) => holdMs + delayMs < 30_000));
  }
});

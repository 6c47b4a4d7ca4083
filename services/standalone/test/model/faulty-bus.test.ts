// The bus is only a doorbell: when it loses, repeats and reorders entries, sockets still get all of them in order, only later.
import { deepStrictEqual } from "node:assert";
import { type Faults, faultyBus } from "@khui/test-kit/faulty-bus";
import fc from "fast-check";
import { test } from "tap";
import type { Embedded } from "../../src/app.js";
import { type Action, governed, opening, perform, sequences } from "./actions.js";
import { startEmbedded } from "./embedded-system.js";
import { makeWorld } from "./world.js";

const runs = 6;
const longest = 20;
const repairMs = 300;
/** Enough entries in every sequence for some to go wrong. */
const chatter: readonly Action[] = [0, 1, 2].map((person) => ({ ...opening[0]!, kind: "sendMany", person, form: 3 }));
/** On top of the interval: request, answer, a fresh fetch, and a busy machine. Far below the default interval of 4 s. */
const slackMs = 3_000;

test("sockets get the same entries in the same order from a faulty bus, a little later", {
  timeout: 300_000,
}, async (t) => {
  const seed = Number(process.env.KHUI_TEST_SEED ?? Date.now() % 2 ** 31);
  t.comment(`KHUI_TEST_SEED=${seed}`);
  const faults: Faults[] = [];
  const sound = await startEmbedded();
  t.teardown(() => sound.close());
  const faulty = await startEmbedded({
    gateway: { repairMs },
    wrapBus(bus) {
      const wrapped = faultyBus(bus, seed);
      faults.push(wrapped.faults);
      return wrapped.bus;
    },
  });
  t.teardown(() => faulty.close());
  let latest = 0;
  const property = fc.asyncProperty(sequences(longest), async (actions) => {
    const expected = await play(sound, actions);
    const received = await play(faulty, actions);
    const [slowest = 0, second = 0] = received.stepsMs.sort((a, b) => b - a);
    latest = Math.max(latest, slowest);
    deepStrictEqual(received.transcript, expected.transcript);
    // One outlier may be a pause of the machine.
    if (second > repairMs + slackMs) throw new Error(`entries came after ${slowest} and ${second} ms`);
  });
  await fc.assert(property, { numRuns: runs, seed, examples: [[governed]], interruptAfterTimeLimit: 240_000 });
  t.comment(`the slowest step took ${Math.round(latest)} ms`);
  const done = faults.flatMap(({ dropped, repeated, reordered }) => [dropped, repeated, reordered]);
  t.ok(Math.max(...done) > 0, `dropped, repeated, reordered: ${done.join(", ")}`);
});

/** Plays a sequence; what each socket received, and how long each step took to reach everyone. */
async function play(system: Embedded, actions: readonly Action[]) {
  const world = await makeWorld(system);
  const stepsMs: number[] = [];
  try {
    for (const action of [...opening, ...chatter, ...actions]) {
      await perform(world, action);
      stepsMs.push(await world.converge());
    }
    return { transcript: world.transcript(), stepsMs };
  } finally {
    world.close();
  }
}

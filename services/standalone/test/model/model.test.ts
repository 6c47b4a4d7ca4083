// What a client was told by a fetch and the events since is what a fresh fetch says, whatever people do.
import fc from "fast-check";
import { test } from "tap";
import { type Action, opening, perform, sequences } from "./actions.js";
import { startEmbedded } from "./embedded-system.js";
import { makeWorld } from "./world.js";

const runs = 30;
const longest = 25;

const base = { person: 0, room: 0, message: 0, over: "rest", form: 0 } as const;

/** What random sequences seldom come to: one device hides what the other has not seen yet. */
const hiddenWhileAway: Action[] = [
  { ...base, kind: "disconnect" },
  { ...base, kind: "send", person: 1 },
  { ...base, kind: "hide" },
  { ...base, kind: "reconnect" },
];

test("a fetch and the events since equal a fresh fetch after every action", { timeout: 240_000 }, async (t) => {
  const system = await startEmbedded();
  t.teardown(() => system.close());
  const seed = Number(process.env.KHUI_TEST_SEED ?? Date.now() % 2 ** 31);
  t.comment(`KHUI_TEST_SEED=${seed}`);
  const property = fc.asyncProperty(sequences(longest), async (actions) => {
    const world = await makeWorld(system);
    try {
      for (const action of [...opening, ...actions]) {
        await perform(world, action);
        await world.settle();
      }
      await world.settleDeliveries();
    } finally {
      world.close();
    }
  });
  await fc.assert(property, { numRuns: runs, seed, examples: [[hiddenWhileAway]], interruptAfterTimeLimit: 200_000 });
  t.pass(`${runs} sequences of up to ${longest} actions`);
});

// A client's state from a fetch and the events since equals a fresh fetch, whatever people do.
import fc from "fast-check";
import { test } from "tap";
import { type Action, base, governed, opening, perform, sequences } from "./actions.js";
import { startEmbedded } from "./embedded-system.js";
import { makeWorld } from "./world.js";

const runs = 30;
const longest = 25;

/** Rare in random sequences: one device hides what the other has not seen yet. */
const hiddenWhileAway: Action[] = [
  { ...base, kind: "disconnect" },
  { ...base, kind: "send", person: 1 },
  { ...base, kind: "hide" },
  { ...base, kind: "reconnect" },
];

/** An unread message is hidden by one and deleted for all: it counts once, whichever comes first. */
const hiddenAndDeleted: Action[] = [
  { ...base, kind: "sendMany", person: 1, form: 3 },
  { ...base, kind: "hide", message: 1 },
  { ...base, kind: "remove", person: 1, message: 1 },
  { ...base, kind: "remove", person: 1, message: 2 },
  { ...base, kind: "hide", message: 1 },
  { ...base, kind: "read", person: 2, message: 1, form: 2 },
  { ...base, kind: "sendMany", person: 2, form: 1 },
  { ...base, kind: "remove", person: 2, message: 5 },
];

/** A member who rejoins has read everything, also what was deleted or hidden before and in between. */
const backAgain: Action[] = [
  { ...base, kind: "sendMany", person: 0, form: 2 },
  { ...base, kind: "hide", person: 2, message: 0 },
  { ...base, kind: "leave", person: 2 },
  { ...base, kind: "remove", person: 0, message: 0 },
  { ...base, kind: "sendMany", person: 1, form: 1 },
  { ...base, kind: "join", person: 2 },
  { ...base, kind: "remove", person: 1, message: 5 },
  { ...base, kind: "sendMany", person: 1, form: 1 },
  { ...base, kind: "hide", person: 2, message: 9 },
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
        await world.converge();
      }
      await world.convergeDeliveries();
    } finally {
      world.close();
    }
  });
  await fc.assert(property, {
    numRuns: runs,
    seed,
    examples: [[hiddenWhileAway], [hiddenAndDeleted], [backAgain], [governed]],
    interruptAfterTimeLimit: 200_000,
  });
  t.pass(`${runs} sequences of up to ${longest} actions`);
});

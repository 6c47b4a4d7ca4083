// Makes all people act at a steady rate until it is stopped.
import { setTimeout as sleep } from "node:timers/promises";
import { type Actor, act, type Stage } from "./actions.js";

export interface Load {
  /** Starts no more actions, and resolves when all in flight are answered. */
  finish(): Promise<void>;
}

/** `perSecond`: actions of all people together, as long as answers come. */
export function startLoad(actors: readonly Actor[], stage: Stage, perSecond: number): Load {
  const meanMs = (1_000 * actors.length) / perSecond;
  let going = true;
  const running = actors.map(async (actor) => {
    // Not all at the same moment.
    await sleep(actor.random.between(0, meanMs));
    while (going) {
      const due = sleep(actor.random.between(0, 2 * meanMs));
      await act(stage, actor);
      await due;
    }
  });
  return {
    async finish() {
      going = false;
      await Promise.all(running);
    },
  };
}

// The process of the victim, so that neither the attackers nor the servers of this tool delay its clock.
import { setTimeout as sleep } from "node:timers/promises";
import { startVictim, type Victim, type VictimPlan } from "../victim.js";
import { serveTasks } from "../worker.js";

export interface Watched extends Pick<Victim, "sends" | "lists" | "arrivals"> {
  /** Acknowledged messages that did not arrive, or did so twice. */
  readonly wrong: number;
}

serveTasks(async ({ ms, ...plan }: VictimPlan & { readonly ms: number }): Promise<Watched> => {
  const victim = await startVictim(plan);
  await sleep(ms);
  const wrong = await victim.stop();
  const { sends, lists, arrivals } = victim;
  return { sends, lists, arrivals, wrong };
});

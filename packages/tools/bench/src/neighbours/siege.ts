// One attack: what the victim notices of it, and what it costs the servers.
import { setTimeout as sleep } from "node:timers/promises";
import type { Sample } from "../asking.js";
import { cpuBetween, cpuSeconds } from "../cpu.js";
import { sum } from "../statistics.js";
import type { VictimPlan } from "../victim.js";
import { startWorker, type Worker } from "../worker.js";
import { type Attackers, type AttackResult, startAttackers } from "./attack-tasks.js";
import type { Account, Setting } from "./stage.js";
import type { Watched } from "./watching.js";

export interface Siege {
  readonly attack: string;
  readonly result: AttackResult;
  /** Milliseconds that the victim waited, before the attack and during it. */
  readonly quiet: Waits;
  readonly attacked: Waits;
  /** Of the victim, in all: refused otherwise than for an error of the server, such errors, and messages that did not arrive or did twice. */
  readonly refused: number;
  readonly errors: number;
  readonly wrong: number;
  /** CPU milliseconds by process, for each of the attacker's requests, what the victim costs taken off. */
  readonly cpu: ReadonlyMap<string, number>;
}

export interface Waits {
  readonly send: readonly number[];
  readonly delivery: readonly number[];
  readonly list: readonly number[];
}

type Watchers = Worker<VictimPlan & { readonly ms: number }, Watched>;

export interface SiegeTimes {
  readonly quietMs: number;
  readonly attackSeconds: number;
}

const pace = { sendsPerSecond: 8, listsPerSecond: 4 };
const servers = ["postgres", "nats-server", "redis-server", "haproxy"];
/** What an attack has set off goes on for a moment. */
const afterMs = 1_000;

export interface Besiegers {
  lay(attack: string, accounts: readonly Account[], times: SiegeTimes): Promise<Siege>;
  stop(): Promise<void>;
}

/** The attackers' and the victim's processes, for one attack after the other. */
export function startBesiegers({ system, stage, home, victims }: Setting): Besiegers {
  const attackers: Attackers = startAttackers();
  const watchers: Watchers = startWorker(new URL("./watching.js", import.meta.url));
  const pids = Object.fromEntries(
    Object.entries(system.processes).map(([name, { pid }]) => [name.replace(/-\d+$/, ""), pid]),
  );
  const read = () => cpuSeconds(pids);
  const names = new Set([...Object.keys(pids), ...servers]);

  return {
    async lay(attack, accounts, { quietMs, attackSeconds }) {
      await attackers.run({ task: "prepare", attack, stage, accounts });
      const plan = { ...pace, url: system.url, gatewayUrl: system.url, roomId: home, tokens: victims.tokens };
      const watching = watchers.run({ ...plan, ms: quietMs + attackSeconds * 1_000 + afterMs });
      // Reported below.
      watching.catch(() => {});
      const [beforeQuiet, quietAt] = [read(), performance.now()];
      await sleep(quietMs);
      const [before, attackedAt] = [read(), performance.now()];
      const result = await attackers.run({ task: "attack", seconds: attackSeconds });
      await sleep(afterMs);
      const used = cpuBetween(before, read());
      const usual = cpuBetween(beforeQuiet, before);
      const ratio = (performance.now() - attackedAt) / (attackedAt - quietAt);
      const watched = await watching;

      const waits = (isIn: (dueAt: number) => boolean): Waits => {
        const of = (samples: ReadonlyArray<Pick<Sample, "dueAt" | "ms">>) =>
          samples.filter(({ dueAt }) => isIn(dueAt)).map(({ ms }) => ms);
        return { send: of(watched.sends), delivery: of(watched.arrivals), list: of(watched.lists) };
      };
      const statuses = [...watched.sends, ...watched.lists].map(({ status }) => status);
      return {
        attack,
        result,
        quiet: waits((dueAt) => dueAt < result.startedAt),
        attacked: waits((dueAt) => dueAt >= result.startedAt && dueAt < result.endedAt),
        refused: statuses.filter((status) => status >= 400 && status < 500).length,
        errors: statuses.filter((status) => status >= 500).length,
        wrong: watched.wrong,
        cpu: new Map(
          [...used]
            .filter(([name]) => names.has(name))
            .map(([name, seconds]) => {
              const extra = Math.max(0, seconds - (usual.get(name) ?? 0) * ratio);
              return [name, (extra * 1_000) / Math.max(1, result.requests)];
            }),
        ),
      };
    },
    async stop() {
      await Promise.all([attackers.stop(), watchers.stop()]);
    },
  };
}

/** Of all processes. */
export const cpuOf = ({ cpu }: Siege): number => sum([...cpu.values()]);

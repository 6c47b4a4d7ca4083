// A gateway full of people is killed: they come back to two others, in all their rooms, while messages are sent.
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { latencies, type Sample, sendPath, startAsking } from "../asking.js";
import { requestText } from "../http-connection.js";
import { makePeople } from "../people.js";
import { table } from "../report.js";
import { fillRooms, idOf } from "../rooms.js";
import { percentile, sum } from "../statistics.js";
import type { BenchSystem } from "../system.js";
import type { Undo } from "../undo.js";
import { startVictim } from "../victim.js";
import { sharedNow } from "../worker.js";
import { fillCommunity } from "./community.js";
import { type JoinForm, type ReturnResult, type ReturnTask, startReturners } from "./return-tasks.js";

export interface DeathPlan {
  readonly people: number;
  readonly processes: number;
  readonly form: JoinForm;
  /** Of the measurement before the gateway dies. */
  readonly quietMs: number;
}

const community = { kind: 32, largeRoom: 400, smallRoom: 8, smallRooms: 4, messages: 10 };
const traffic = { perSecond: 40, connections: 16 };
const neighbour = { sendsPerSecond: 10, listsPerSecond: 0 };

/** Resolves with a table. Throws when an entry was lost, repeated or out of turn, or when somebody does not come back. */
export async function measureDeath(system: BenchSystem, db: Client, plan: DeathPlan, undo: Undo): Promise<string> {
  const [doomed, doomedPid] = [system.urls["realtime-gateway"], system.pids["realtime-gateway"]];
  const others = [await system.addGateway(), await system.addGateway()].map(({ url }) => url);
  const people = makePeople(system.secret, plan.people, "returner");
  const { rooms, roomsOf } = await fillCommunity(db, { ...community, people });
  const plans = roomsOf.map((roomIds, n) => ({
    token: people.tokens[n]!,
    from: `127.0.0.${(n % plan.processes) + 2}`,
    form: plan.form,
    rooms: roomIds.map((roomId) => [roomId, community.messages] as const),
  }));
  const crowds = Array.from({ length: plan.processes }, startReturners);
  for (const crowd of crowds) undo.add(crowd.stop);
  const all = (task: (n: number) => ReturnTask): Promise<ReturnResult[]> =>
    Promise.all(crowds.map((crowd, n) => crowd.run(task(n))));
  const mine = (n: number) => plans.filter((_, i) => i % plan.processes === n);
  await all((n) => ({ task: "come", urls: [doomed], plans: mine(n) }));

  const neighbours = makePeople(system.secret, 8, "neighbour");
  const roomId = idOf(3, 0);
  await fillRooms(db, [{ id: roomId, members: neighbours.ids.map((_, n) => n) }], neighbours.ids);
  const url = system.urls["messages-api"];
  const [gatewayUrl = ""] = others;
  const victim = await startVictim({ ...neighbour, url, gatewayUrl, roomId, tokens: neighbours.tokens });
  const talk = await startAsking({
    ...traffic,
    url,
    request(n) {
      const { id, members } = rooms[n % rooms.length]!;
      const token = people.tokens[members[n % members.length]!]!;
      return requestText("POST", sendPath(id), token, JSON.stringify({ content: `message ${n}` }));
    },
  });
  await sleep(plan.quietMs);
  const back = all(() => ({ task: "return", urls: others, drop: false }));
  // Everyone is told before it happens.
  await sleep(100);
  const killedAt = sharedNow();
  process.kill(doomedPid, "SIGKILL");
  const results = await back;
  const wholeAt = results.flatMap((one) => one.wholeAt);
  const backAt = Math.max(...wholeAt);
  const [wrongAtVictim] = await Promise.all([victim.stop(), talk.stop()]);

  const { rows } = await db.query<{ id: string; seq: string }>(
    `SELECT id, seq FROM messages.rooms WHERE id = ANY($1)`,
    [rooms.map(({ id }) => id)],
  );
  const heads = rows.map(({ id, seq }) => [id, Number(seq)] as const);
  const checked = await all(() => ({ task: "compare", heads }));
  const total = (from: readonly ReturnResult[], pick: (result: ReturnResult) => number) => sum(from.map(pick));
  const wrong = {
    lost: total(checked, ({ lost, behind }) => lost + behind),
    repeated: total(checked, ({ repeated }) => repeated),
    "to be fetched again": total(checked, ({ resyncs }) => resyncs),
    "lost or repeated in another room": wrongAtVictim,
  };
  if (Object.values(wrong).some((count) => count > 0)) throw new Error(`entries went wrong: ${JSON.stringify(wrong)}`);

  const phases = [
    ({ dueAt }: Pick<Sample, "dueAt">) => dueAt < killedAt,
    ({ dueAt }: Pick<Sample, "dueAt">) => dueAt >= killedAt && dueAt < backAt,
  ];
  const acknowledged = (samples: readonly Sample[]) => samples.filter(({ status }) => status === 201);
  const times = (samples: readonly Pick<Sample, "dueAt" | "ms">[]) =>
    phases.map((isIn) => latencies(samples.filter(isIn), 0.5, 0.99));
  const refused = phases.map((isIn) =>
    String([...victim.sends, ...talk.samples].filter((sample) => isIn(sample) && sample.status !== 201).length),
  );
  const stages = (moments: readonly number[]) =>
    [0.5, 0.99, 1].map((part) => ((percentile(moments, part) - killedAt) / 1_000).toFixed(1)).join(", ");
  const how = plan.form === "single" ? "join their rooms one by one" : "join all of their rooms at once";
  return [
    table(
      [`${plan.people} people whose gateway was killed ${how}`, ""],
      [
        ["s until they have signed in: half of them, 99 of 100, all", stages(results.flatMap((one) => one.signedInAt))],
        ["s until they are in all rooms", stages(wholeAt)],
        ["connections refused once or more, people", String(total(results, (result) => result.refused))],
        ["twice or more", String(total(results, (result) => result.refusedTwice))],
        ["joins refused", String(total(results, (result) => result.refusedJoins))],
        ["entries lost, repeated or out of turn", "0"],
      ],
    ),
    table(
      ["others meanwhile, p50 / p99, ms", "before", "while they come back"],
      [
        ["answer to a send to another room", ...times(acknowledged(victim.sends))],
        ["its delivery at another gateway", ...times(victim.arrivals)],
        ["answer to a send to the people's rooms", ...times(acknowledged(talk.samples))],
        ["sends refused", ...refused],
      ],
    ),
  ].join("\n\n");
}

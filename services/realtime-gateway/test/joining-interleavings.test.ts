// Joins, deliveries, losses and answers in any order: each client gets every entry after its start, once and in order.

import { createLocalBus } from "@khui/bus/local";
import type { LogEntry } from "@khui/contracts";
import { ChatError } from "@khui/contracts";
import { until } from "@khui/test-kit/until";
import fc from "fast-check";
import { test } from "tap";
import { createFeeds } from "../src/rooms/feeds.js";
import { joinRoom } from "../src/rooms/join-room.js";
import { createRoomLogs } from "../src/rooms/room-logs.js";
import { createRoomQuestions } from "../src/rooms/room-questions.js";
import { fakeMessagesApi, roomId } from "./fake-messages-api.js";
import { ignored, type Listener, listener } from "./room-log.js";

interface Joiner extends Listener {
  readonly lastSeq: number | undefined;
  /** The number after which it is to get every entry. */
  start: number | undefined;
  outcome: "joining" | "in" | "turned away" | "refused" | "failed";
}

const moves = [
  "append",
  "leave",
  "deliver",
  "drop",
  "repeat",
  "goOn",
  "goOn",
  "join",
  "resume",
  "joinAgain",
  "reconcile",
] as const;
type Move = { readonly move: (typeof moves)[number]; readonly pick: number };

const turns = async () => {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** Plays one interleaving and returns what went wrong. */
async function play(sequence: readonly Move[]): Promise<string[]> {
  const bus = createLocalBus().connect();
  const paused: Array<() => void> = [];
  const pause = () => new Promise<void>((resolve) => paused.push(resolve));
  const api = fakeMessagesApi(bus, pause, pause);
  const questions = createRoomQuestions(bus);
  const inFlight: LogEntry[] = [];
  const joiners: Joiner[] = [];
  const issues: string[] = [];
  let comparing = 0;
  const feeds = createFeeds({
    ...ignored,
    bus,
    logs: createRoomLogs(bus),
    onLeft(feed, userId) {
      for (const { client } of joiners)
        if (client.userId === userId && client.rooms.has(roomId)) feed.unsubscribe(client);
    },
    onLost: () => issues.push("lost entries that the log has"),
    onError: (error) => issues.push(String(error)),
    onLive: () => {},
  });

  async function enter(joiner: Joiner): Promise<void> {
    joiner.outcome = "joining";
    try {
      const lastSeq = joiner.start === undefined ? joiner.lastSeq : undefined;
      const context = { bus, feeds, questions, typing: { learn: async () => {} }, metrics: { resyncs: 0 } };
      const isIn = await joinRoom(context, joiner.client, roomId, lastSeq, ({ opened }) => {
        joiner.start ??= joiner.lastSeq ?? opened.seq;
      });
      joiner.outcome = isIn ? "in" : "turned away";
    } catch (error) {
      const refused = error instanceof ChatError && error.code === "not_a_participant";
      joiner.outcome = refused ? "refused" : "failed";
      if (!refused) issues.push(`a join failed: ${error}`);
    }
  }

  function begin(lastSeq: number | undefined): void {
    const joiner: Joiner = { ...listener(`user ${joiners.length}`), lastSeq, start: undefined, outcome: "joining" };
    joiners.push(joiner);
    void enter(joiner);
  }

  const take = <T>(items: T[], pick: number): T | undefined => items.splice(pick % Math.max(1, items.length), 1)[0];
  const act = {
    append: () => inFlight.push(api.append()),
    leave(pick: number) {
      const staying = joiners.filter(({ client }) => api.leftAt(client.userId) === undefined);
      const leaving = staying[pick % Math.max(1, staying.length)];
      if (leaving) inFlight.push(api.append(leaving.client.userId));
    },
    deliver(pick: number) {
      const entry = take(inFlight, pick);
      if (entry) api.publish(entry);
    },
    drop: (pick: number) => take(inFlight, pick),
    repeat(pick: number) {
      const entry = api.log[pick % Math.max(1, api.head)];
      if (entry) api.publish(entry);
    },
    goOn: (pick: number) => take(paused, pick)?.(),
    join: () => begin(undefined),
    resume: (pick: number) => begin(pick % (api.head + 1)),
    joinAgain(pick: number) {
      const inside = joiners.filter(({ outcome }) => outcome === "in");
      const joiner = inside[pick % Math.max(1, inside.length)];
      if (joiner) void enter(joiner);
    },
    reconcile() {
      comparing++;
      const done = feeds.reconcile().catch((error) => issues.push(String(error)));
      void done.finally(() => comparing--);
    },
  };

  for (const { move, pick } of sequence) {
    act[move](pick);
    await turns();
  }
  const all = () => {
    for (const goOn of paused.splice(0)) goOn();
  };
  await until("all joins have ended", () => {
    all();
    return joiners.every(({ outcome }) => outcome !== "joining");
  });
  act.reconcile();
  await until("the feed is at the head", () => {
    all();
    return comparing === 0 && (feeds.get(roomId)?.position ?? api.head) === api.head;
  });
  feeds.close();
  await bus.close();
  return [...issues, ...joiners.flatMap((joiner) => issuesOf(joiner, api.head, api.leftAt(joiner.client.userId)))];
}

function issuesOf({ client, received, start, outcome }: Joiner, head: number, leftAt: number | undefined): string[] {
  const who = `${client.userId}, ${outcome}, from ${start}, left at ${leftAt}`;
  if (outcome !== "in" && leftAt === undefined) return [`${who}: but is a member`];
  if (client.rooms.has(roomId) !== (leftAt === undefined))
    return [`${who}: in the room is ${client.rooms.has(roomId)}`];
  // A client turned away without a lastSeq does not know its start: its first entry shows it.
  const first = start ?? (typeof received[0] === "number" ? received[0] - 1 : undefined);
  if (first === undefined || (outcome === "refused" && received.length === 0)) return [];
  const last = leftAt ?? head;
  const expected = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + 1 + i);
  return received.join() === expected.join() ? [] : [`${who}: received ${received}, not ${expected}`];
}

test("in every interleaving each client gets every entry after its start, once and in order", {
  timeout: 110_000,
}, async (t) => {
  const move = fc.record<Move>({ move: fc.constantFrom(...moves), pick: fc.nat(11) });
  const property = fc.asyncProperty(fc.array(move, { maxLength: 60, size: "max" }), async (sequence) => {
    const issues = await play(sequence);
    if (issues.length > 0) throw new Error(issues.join("\n"));
  });
  await fc.assert(property, { numRuns: 400, interruptAfterTimeLimit: 90_000 });
  t.pass("400 interleavings");
});

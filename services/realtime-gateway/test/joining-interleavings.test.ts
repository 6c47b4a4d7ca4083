// Joins, deliveries, losses and answers in any order: each socket gets every entry after its start, once and in order.

import { createLocalBus } from "@khui/bus/local";
import type { LogEntry } from "@khui/contracts";
import { ChatError } from "@khui/contracts";
import { until } from "@khui/test-kit/until";
import fc from "fast-check";
import { test } from "tap";
import { takeOut } from "../src/commands.js";
import { createFeeds } from "../src/feeds.js";
import { joinRoom } from "../src/joining.js";
import { createRoomLogs } from "../src/room-logs.js";
import { fakeMessagesApi, roomId } from "./fake-messages-api.js";
import { type Listener, listener, unheard } from "./room-log.js";

interface Joiner extends Listener {
  readonly lastSeq: number | undefined;
  /** Where the server said that it came in. */
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

/** Plays one interleaving and returns what is wrong with it, if anything is. */
async function play(sequence: readonly Move[]): Promise<string[]> {
  const bus = createLocalBus().connect();
  const paused: Array<() => void> = [];
  const api = fakeMessagesApi(bus, () => new Promise<void>((resolve) => paused.push(resolve)));
  const underWay: LogEntry[] = [];
  const joiners: Joiner[] = [];
  const faults: string[] = [];
  let comparing = 0;
  const feeds = createFeeds({
    ...unheard,
    bus,
    logs: createRoomLogs(bus),
    onLeft(feed, userId) {
      for (const { session } of joiners)
        if (session.userId === userId && session.rooms.has(roomId)) takeOut(feeds, session, feed);
    },
    onLost: () => faults.push("lost entries that the log has"),
    onError: (error) => faults.push(String(error)),
    onLive: () => {},
  });

  async function enter(joiner: Joiner): Promise<void> {
    joiner.outcome = "joining";
    try {
      const lastSeq = joiner.start === undefined ? joiner.lastSeq : undefined;
      const context = { bus, feeds, typing: { inRoom: async () => [] }, counts: { resyncs: 0 } };
      const isIn = await joinRoom(context, joiner.session, roomId, lastSeq, ({ opened }) => {
        joiner.start ??= joiner.lastSeq ?? opened.seq;
      });
      joiner.outcome = isIn ? "in" : "turned away";
    } catch (error) {
      const refused = error instanceof ChatError && error.code === "not_a_participant";
      joiner.outcome = refused ? "refused" : "failed";
      if (!refused) faults.push(`a join failed: ${error}`);
    }
  }

  function begin(lastSeq: number | undefined): void {
    const joiner: Joiner = { ...listener(`user ${joiners.length}`), lastSeq, start: undefined, outcome: "joining" };
    joiners.push(joiner);
    void enter(joiner);
  }

  const take = <T>(items: T[], pick: number): T | undefined => items.splice(pick % Math.max(1, items.length), 1)[0];
  const act = {
    append: () => underWay.push(api.append()),
    leave(pick: number) {
      const staying = joiners.filter(({ session }) => api.leftAt(session.userId) === undefined);
      const leaving = staying[pick % Math.max(1, staying.length)];
      if (leaving) underWay.push(api.append(leaving.session.userId));
    },
    deliver(pick: number) {
      const entry = take(underWay, pick);
      if (entry) api.publish(entry);
    },
    drop: (pick: number) => take(underWay, pick),
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
      const done = feeds.reconcile().catch((error) => faults.push(String(error)));
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
  await until("all joins are over", () => {
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
  return [...faults, ...joiners.flatMap((joiner) => faultsOf(joiner, api.head, api.leftAt(joiner.session.userId)))];
}

function faultsOf({ session, received, start, outcome }: Joiner, head: number, leftAt: number | undefined): string[] {
  const who = `${session.userId}, ${outcome}, from ${start}, left at ${leftAt}`;
  if (outcome !== "in" && leftAt === undefined) return [`${who}: but is a member`];
  if (session.rooms.has(roomId) !== (leftAt === undefined))
    return [`${who}: in the room is ${session.rooms.has(roomId)}`];
  // Who was turned away without lastSeq was not told where they started: the first that they got shows it.
  const first = start ?? (typeof received[0] === "number" ? received[0] - 1 : undefined);
  if (first === undefined || (outcome === "refused" && received.length === 0)) return [];
  const last = leftAt ?? head;
  const expected = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + 1 + i);
  return received.join() === expected.join() ? [] : [`${who}: received ${received}, not ${expected}`];
}

test("in every interleaving each socket gets every entry after its start, once and in order", {
  timeout: 110_000,
}, async (t) => {
  const move = fc.record<Move>({ move: fc.constantFrom(...moves), pick: fc.nat(11) });
  const property = fc.asyncProperty(fc.array(move, { maxLength: 60, size: "max" }), async (sequence) => {
    const faults = await play(sequence);
    if (faults.length > 0) throw new Error(faults.join("\n"));
  });
  await fc.assert(property, { numRuns: 400, interruptAfterTimeLimit: 90_000 });
  t.pass("400 interleavings");
});

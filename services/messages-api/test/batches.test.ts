// A batch is written for all requests that it came from, and for no others.

import { createScopes, type Scope } from "@khui/service/telemetry";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { createBatcher } from "../src/batching/batcher.js";

const scopes = createScopes(true);

test("a batch is written in the scope of all its requests; each caller continues in its own", async (t) => {
  const written: Array<Scope | undefined> = [];
  const announced: Array<Scope | undefined> = [];
  const batcher = createBatcher<string, string>({
    async write(items) {
      written.push(scopes.current());
      if (items.length > 1 && items.includes("bad")) throw new Error("one is bad");
      return items;
    },
    onWritten: () => announced.push(scopes.current()),
    maxBatch: 3,
    keyOf: (item) => item,
    maxWaiting: 10,
    maxWaitingOfKey: 10,
    isOutage: () => false,
    isLocked: () => false,
    scopes,
  });
  const add = (item: string) =>
    scopes.run({ requestIds: [item], parents: [] }, async () => {
      await batcher.add(item);
      t.same(scopes.current()?.requestIds, [item]);
    });
  await Promise.all(["a", "b", "c", "d"].map(add));
  const ids = (seen: Array<Scope | undefined>) => seen.splice(0).map((scope) => scope?.requestIds.join());
  t.same(ids(written), ["a,b,c", "d"]);
  t.same(ids(announced), ["a,b,c", "d"]);
  await Promise.all(["e", "bad"].map(add));
  t.same(ids(written), ["e,bad", "e", "bad"], "what is tried alone is its own request's");
  t.same(ids(announced), ["e", "bad"]);
});

/** A batcher over `write`, in which items are named `key:number`. */
function batcherOf(write: (items: readonly string[]) => Promise<readonly string[]>, more: object = {}) {
  return createBatcher<string, string>({
    write,
    keyOf: (item) => item.split(":")[0]!,
    maxBatch: 100,
    maxWaiting: 1_000,
    maxWaitingOfKey: 10,
    isOutage: (error) => error === outage,
    isLocked: (error) => error === locked,
    scopes: createScopes(false),
    overdueMs: 5,
    ...more,
  });
}

const outage = new Error("no database");
const locked = new Error("locked");

test("items of other keys are written while a write waits, and those of the same key wait for it", async (t) => {
  const written: string[][] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const batcher = batcherOf(async (items) => {
    written.push([...items]);
    if (written.length === 1) await held;
    return items;
  });
  const first = batcher.add("a:1");
  await until("one is written", () => written.length === 1);
  const second = batcher.add("a:2");
  t.same(await Promise.all(["b:1", "c:1"].map((item) => batcher.add(item))), ["b:1", "c:1"]);
  t.same(await batcher.add("b:2"), "b:2");
  t.notOk(written.flat().includes("a:2"), "one of a key at a time");
  release();
  t.same(await Promise.all([first, second]), ["a:1", "a:2"]);
  t.same(
    written.flat().filter((item) => item.startsWith("a")),
    ["a:1", "a:2"],
  );
  await batcher.drain();
});

test("a locked key fails alone, stays isolated until it succeeds, and delays no other meanwhile", async (t) => {
  const written: string[][] = [];
  let isLocked = true;
  const batcher = batcherOf(async (items) => {
    written.push([...items]);
    if (isLocked && items.some((item) => item.startsWith("a"))) throw locked;
    return items;
  });
  const failing = (item: string) => batcher.add(item).catch((error: unknown) => error);
  const outcomes = await Promise.all([failing("a:1"), failing("b:1"), failing("a:2"), failing("c:1")]);
  t.same(outcomes, [locked, "b:1", locked, "c:1"]);
  t.same(written.splice(0), [["a:1", "b:1", "a:2", "c:1"], ["a:1", "a:2"], ["b:1"], ["c:1"]]);
  t.same(await Promise.all([failing("a:3"), failing("b:2")]), [locked, "b:2"]);
  t.same(written.splice(0), [["a:3"], ["b:2"]]);
  isLocked = false;
  t.same(await Promise.all([failing("a:4"), failing("b:3")]), ["a:4", "b:3"]);
  t.same(written.splice(0), [["a:4"], ["b:3"]]);
  t.same(await Promise.all([failing("a:5"), failing("b:4")]), ["a:5", "b:4"]);
  t.same(written.splice(0), [["a:5", "b:4"]], "together again");
});

test("one bad item of a key fails alone", async (t) => {
  const batcher = batcherOf(async (items) => {
    if (items.includes("a:2")) throw new Error("bad");
    return items;
  });
  const outcomes = await Promise.allSettled(["a:1", "a:2", "a:3", "b:1"].map((item) => batcher.add(item)));
  t.same(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "fulfilled"],
  );
});

test("an outage fails every item once; too many of a key, and what waited too long, are refused", async (t) => {
  let writes = 0;
  const failing = batcherOf(async () => {
    writes++;
    throw outage;
  });
  const outcomes = await Promise.allSettled(["a:1", "b:1"].map((item) => failing.add(item)));
  t.same([outcomes.map(({ status }) => status), writes], [["rejected", "rejected"], 1]);

  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let begun = false;
  const slow = batcherOf(
    async (items) => {
      begun = true;
      if (items.includes("a:0")) await held;
      return items;
    },
    { deadlineMs: 20 },
  );
  const first = slow.add("a:0");
  await until("it has begun", () => begun);
  const queued = Array.from({ length: 10 }, (_, n) => slow.add(`a:${n + 1}`));
  const settled = Promise.allSettled(queued);
  await t.rejects(slow.add("a:11"), { code: "service_unavailable" }, "ten of a key wait already");
  t.equal(await slow.add("b:1"), "b:1", "others do not care");
  const started = performance.now();
  await until("the delay is over", () => performance.now() - started > 25);
  release();
  t.equal(await first, "a:0");
  t.same(new Set((await settled).map(({ status }) => status)), new Set(["rejected"]));
  t.equal(await slow.add("a:12"), "a:12");
});

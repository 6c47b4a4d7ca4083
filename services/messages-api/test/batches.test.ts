// A batch is written for all requests that it came from, and for no others.
import { createScopes, type Scope } from "@khui/telemetry";
import { test } from "tap";
import { createBatcher } from "../src/batcher.js";

const scopes = createScopes(true);

test("a batch's write knows all its requests; each caller goes on in its own", async (t) => {
  const written: Array<Scope | undefined> = [];
  const told: Array<Scope | undefined> = [];
  const batcher = createBatcher<string, string>({
    async write(items) {
      written.push(scopes.current());
      if (items.length > 1 && items.includes("bad")) throw new Error("one is bad");
      return items;
    },
    onWritten: () => told.push(scopes.current()),
    maxBatch: 3,
    maxWaiting: 10,
    isOutage: () => false,
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
  t.same(ids(told), ["a,b,c", "d"]);
  await Promise.all(["e", "bad"].map(add));
  t.same(ids(written), ["e,bad", "e", "bad"], "what is tried alone is its own request's");
  t.same(ids(told), ["e", "bad"]);
});

// Optional fields that are null are taken for absent, and no list is visited that is too long in any case.
import { test } from "tap";
import { Type } from "typebox";
import { clientEvents, routes, withoutNulls } from "../src/index.js";

test("null in an optional field is absent; in a required one, or in one that is not known, it stays", async (t) => {
  const item = Type.Object({ id: Type.String(), note: Type.Optional(Type.String()) });
  const schema = Type.Object({ required: Type.Null(), items: Type.Array(item), name: Type.Optional(Type.String()) });
  const given = { required: null, items: [{ id: "a", note: null }], name: null, other: null };
  t.strictSame(withoutNulls(schema, given), { required: null, items: [{ id: "a" }], other: null });
});

test("the items of a list that is too long are not visited, in any route or event", async (t) => {
  const unvisited = Array.from({ length: 5_000 }, () => {
    const item = {};
    Object.defineProperty(item, "visited", {
      enumerable: true,
      get() {
        throw new Error("visited");
      },
    });
    return item;
  });
  const bodies = Object.values(routes).flatMap((route) => ("body" in route ? [route.body] : []));
  const payloads = Object.values(clientEvents).map(({ payload }) => payload);
  for (const schema of [...bodies, ...payloads]) {
    const names = Type.IsObject(schema) ? Object.keys(schema.properties) : ["participants", "rooms", "userIds"];
    const given = Object.fromEntries(names.map((name) => [name, unvisited]));
    t.ok(withoutNulls(schema, given));
  }
});

// Clients that sign in at about the same time go on together.
import { test } from "tap";
import { createSignInGroups } from "../src/connections/sign-in-groups.js";

test("who waits goes on with the others who wait, and who comes later with the next group", async (t) => {
  const { next } = createSignInGroups();
  await next();
  const order: string[] = [];
  const goOn = async (name: string) => {
    await next();
    order.push(name);
  };
  const first = next();
  const together = [goOn("ann"), goOn("ben")];
  await first;
  const later = goOn("cid");
  await Promise.all(together);
  t.same(order, ["ann", "ben"]);
  await later;
  t.same(order, ["ann", "ben", "cid"]);
});

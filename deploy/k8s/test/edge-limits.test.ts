// The limits of the edge in a cluster: counted by the client of the Ingress, whatever that client put into the header.

import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { edgeScene } from "./edge-scene.js";

test("a client that sends too many requests gets 429 over any connection, and other clients do not", async (t) => {
  const { ask, asks } = await edgeScene(t, [], { EDGE_REQUESTS_PER_ADDRESS: "40" });
  await asks("/ws", ({ status }) => status === 200);
  const from = (client: string): Record<string, string> => ({ "x-forwarded-for": `${client}, 203.0.113.9` });
  let answer = await ask("/ws", from("198.51.100.1"));
  for (let asked = 0; asked < 60 && answer.status === 200; asked += 1) {
    answer = await ask("/ws", from(`198.51.100.${asked}`));
  }
  t.equal(answer.status, 429, "what a client says before the Ingress' word makes it no other");
  t.match(answer.body, { success: false, statusCode: 429, code: "rate_limited" });
  t.equal((await ask("/ws", { "x-forwarded-for": "203.0.113.10" })).status, 200);
});

test("a client is limited to a number of requests in progress, and gets another when one has finished", async (t) => {
  const { ask, asks, hold } = await edgeScene(t, [], { EDGE_CONNECTIONS_PER_ADDRESS: "3" });
  await asks("/ws", ({ status }) => status === 200);
  const client = { "x-forwarded-for": "2001:db8::1" };
  const held = [await hold(client), await hold(client), await hold(client)];
  t.equal((await ask("/ws", { "x-forwarded-for": "2001:db8::2" })).status, 429, "a neighbour of its /64 is the same");
  t.equal((await ask("/ws", { "x-forwarded-for": "2001:db8:0:1::1" })).status, 200);
  held[0]?.();
  await until("one more is taken", async () => (await ask("/ws", client)).status === 200);
  t.pass("one more is taken");
});

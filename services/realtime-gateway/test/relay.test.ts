// Polls relayed to another gateway: answered by it, and rejected soon after it is gone.

import { NoResponders } from "@khui/bus";
import { createLocalBus } from "@khui/bus/local";
import type { RelayedAnswer, RelayedRequest } from "@khui/socketio";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { connectRelay } from "../src/relay/polling-relay.js";

const poll: RelayedRequest = { method: "GET", sid: "s", search: "?transport=polling", body: "", headers: {} };
const answered: RelayedAnswer = { status: 200, headers: {}, body: "6" };

test("polls in flight at a gateway that dies are rejected; those at others wait on", async (t) => {
  const local = createLocalBus();
  const [dying, living] = ["a".repeat(32), "b".repeat(32)] as const;
  const held: Array<(answer: RelayedAnswer) => void> = [];
  const hold = () => new Promise<RelayedAnswer>((resolve) => held.push(resolve));
  const gateways = [dying, living].map((instanceId) => {
    const relay = connectRelay(local.connect(), instanceId);
    relay.serve(hold);
    return relay;
  });
  const { ask } = connectRelay(local.connect(), "c".repeat(32));
  const lost = [ask(poll, dying), ask(poll, dying)].map((asked) => t.rejects(asked, NoResponders));
  const kept = ask(poll, living);
  await until("each has reached its gateway", () => held.length === 3);
  gateways[0]?.close();
  await Promise.all(lost);
  for (const answer of held) answer(answered);
  t.same(await kept, answered);
  await t.rejects(ask(poll, dying), NoResponders, "a later one is rejected at once");
});

test("an owner that cannot be a gateway's id is not asked", async (t) => {
  const { ask } = connectRelay(createLocalBus().connect(), "c".repeat(32));
  for (const owner of ["", "*", "a.b", ">", "A".repeat(32)]) {
    await t.rejects(ask(poll, owner), { message: "no such gateway" });
  }
});

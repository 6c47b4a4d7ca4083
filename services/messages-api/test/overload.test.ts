// Gateways that ask for more than this service can answer do not keep people from sending.
import { createLocalBus } from "@khui/bus/local";
import { call } from "@khui/bus/rpc";
import { messagesRpc } from "@khui/contracts";
import type { Db } from "@khui/database";
import { createLanes, createRpcServer, sendMessage } from "@khui/service";
import t, { test } from "tap";
import type { Actions } from "../src/actions/actions.js";
import { createSending } from "../src/actions/sending.js";
import { serveMessages } from "../src/routes/rpc.js";
import { offline } from "./offline.js";
import { openReplicas } from "./postgres.js";
import { makeRoom, newId, newUser } from "./room.js";

const [db] = (await openReplicas(t, 1)) as [Db];
const context = offline(db);
const sending = createSending(context);
t.teardown(() => sending.drain());
const bus = createLocalBus().connect();
t.teardown(() => bus.close());
const lanes = createLanes();
const rpc = createRpcServer(bus, "messages-api", { error: (it: unknown) => t.fail(String(it)) }, lanes);
serveMessages(rpc, context, { sending } as Actions);

test("messages are sent while thousands of questions of gateways wait", async (t) => {
  const userId = newUser("a");
  const roomId = await makeRoom(db, [userId]);
  const send = () => sendMessage(bus, { userId, roomId, type: "text", content: "hello", clientMessageId: newId() });
  await send();
  // As gateways of the release before ask: one room at a time, all of them at once.
  const questions = Array.from({ length: 6_000 }, () => call(bus, messagesRpc.readLog, { roomId, afterSeq: 0 }));
  const answered = Promise.allSettled(questions);
  await t.rejects(questions.at(-1)!, { code: "service_unavailable", details: { reason: "overloaded" } });
  for (let n = 0; n < 5; n++) t.match(await send(), { created: true });
  t.ok(lanes.background.waiting > 0, "they did not wait for the questions before them");
  const outcomes = await answered;
  t.ok(outcomes.some(({ status }) => status === "fulfilled"));
});

// What other services are answered that send a message, those of the release before among them.
import { createLocalBus } from "@khui/bus/local";
import { call } from "@khui/bus/rpc";
import { messagesRpc } from "@khui/contracts";
import type { Db } from "@khui/database";
import { createRpcServer, sendMessage } from "@khui/service";
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
const rpc = createRpcServer(bus, "messages-api", { error: () => undefined });
serveMessages(rpc, context, { sending } as Actions);

const userId = newUser("a");
const roomId = await makeRoom(db, [userId]);

test("the first send has created the message, and a repeated one has not", async (t) => {
  const message = { userId, roomId, type: "text", content: "once", clientMessageId: newId() } as const;
  const first = await sendMessage(bus, message);
  t.match(first, { message: { content: "once" }, created: true });
  t.same(await sendMessage(bus, message), { message: first.message, created: false });
});

test("a service of the release before is answered the message alone", async (t) => {
  const message = { userId, roomId, type: "text", content: "as before" } as const;
  const answer = await call(bus, messagesRpc.send, message);
  t.match(answer, { chatRoom: roomId, content: "as before" });
  t.notOk("created" in answer || "message" in answer);
});

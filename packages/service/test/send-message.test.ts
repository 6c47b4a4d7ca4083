// Sending a message through messages-api: the one of this release, and the one before during a rolling upgrade.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { ChatError, messagesRpc } from "@khui/contracts";
import { sendMessage } from "@khui/service";
import { aMessage } from "@khui/test-kit/a-message";
import { test } from "tap";

const roomId = "0123456789abcdef01234567";
const request = { userId: "a", roomId, type: "text", content: "hello" } as const;

const message = aMessage();

test("the answer says whether this send created the message", async (t) => {
  for (const created of [true, false]) {
    const bus = createLocalBus().connect();
    t.teardown(() => bus.close());
    serveRpc(bus, messagesRpc.send, async ({ wantsCreated }) => (wantsCreated ? { message, created } : message));
    t.same(await sendMessage(bus, request), { message, created });
  }
});

test("of a messages-api of the release before, it is not known", async (t) => {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  serveRpc(bus, messagesRpc.send, async () => message);
  t.same(await sendMessage(bus, request), { message, created: undefined });
});

test("a refusal reaches the caller", async (t) => {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  serveRpc(bus, messagesRpc.send, async () => {
    throw new ChatError("not_a_participant");
  });
  await t.rejects(sendMessage(bus, request), { code: "not_a_participant" });
});

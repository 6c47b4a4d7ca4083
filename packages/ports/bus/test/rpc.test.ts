// Typed RPC: requests and answers are validated, and failures arrive as ChatErrors.
import { ChatError, defineRpc } from "@khui/contracts";
import { type Test, test } from "tap";
import Type from "typebox";
import { type Bus, PayloadTooLarge, RequestTimeout, SlowConsumer } from "../src/index.js";
import { createLocalBus, type LocalBusOptions } from "../src/local.js";
import { call, serveRpc } from "../src/rpc.js";

const greet = defineRpc("test.greet", Type.Object({ name: Type.String() }), Type.Object({ text: Type.String() }));

function setUp(t: Test, options: LocalBusOptions = {}): { bus: Bus; errors: unknown[] } {
  const errors: unknown[] = [];
  const bus = createLocalBus().connect({ onError: (error) => errors.push(error), ...options });
  t.teardown(() => bus.close());
  return { bus, errors };
}

test("a request is answered, and the handler sees its headers", async (t) => {
  const { bus } = setUp(t);
  serveRpc(bus, greet, async ({ name }, { headers }) => ({ text: `${name} ${headers["x-request-id"]}` }));
  const answer = await call(bus, greet, { name: "มะลิ" }, { headers: { "x-request-id": "r1" } });
  t.same(answer, { text: "มะลิ r1" });
});

test("the handler knows when the caller gives up", async (t) => {
  const { bus } = setUp(t);
  const before = performance.now();
  let left = 0;
  serveRpc(bus, greet, async (_, { deadline }) => {
    left = deadline - before;
    return { text: "" };
  });
  await call(bus, greet, { name: "a" }, { timeoutMs: 60_000 });
  t.ok(left >= 60_000 && left <= 60_000 + performance.now() - before, `${left} ms after the call`);
});

test("what decides when a request is handled may refuse it unread", async (t) => {
  const { bus } = setUp(t);
  const bytes: number[] = [];
  serveRpc(bus, greet, async () => t.fail("handled") as never, {
    async admit(arrival) {
      bytes.push(arrival.bytes);
      throw new ChatError("service_unavailable", { reason: "overloaded" });
    },
  });
  await t.rejects(call(bus, greet, { name: "a" }), {
    code: "service_unavailable",
    details: { reason: "overloaded" },
  });
  t.same(bytes, ['{"name":"a"}'.length]);
});

test("a ChatError reaches the caller with its code and details, and is not reported by the server", async (t) => {
  const { bus, errors } = setUp(t);
  serveRpc(bus, greet, async () => {
    throw new ChatError("room_full", { limit: 500 });
  });
  const failure = await call(bus, greet, { name: "a" }).catch((error: unknown) => error);
  t.ok(failure instanceof ChatError);
  t.match(failure, { code: "room_full", details: { limit: 500 } });
  t.same(errors, []);
});

test("any other failure is reported where it happened and hidden from the caller", async (t) => {
  const { bus, errors } = setUp(t);
  const bug = new Error("password=1234");
  serveRpc(bus, greet, async () => {
    throw bug;
  });
  const failure = await call(bus, greet, { name: "a" }).catch((error: ChatError) => error);
  t.match(failure, { name: "ChatError", code: "internal_error", details: undefined });
  t.notMatch((failure as ChatError).message, /password/);
  t.same(errors, [bug]);
});

test("an invalid request is answered with its issues, and no handler sees it", async (t) => {
  const { bus, errors } = setUp(t);
  serveRpc(bus, greet, async () => {
    throw new Error("called");
  });
  const loose: { subject: string; request: ReturnType<typeof Type.Unknown>; answer: typeof greet.answer } = {
    ...greet,
    request: Type.Unknown(),
  };
  const failure = call(bus, loose, { name: 7 });
  await t.rejects(failure, { code: "invalid_request", details: [{ path: "/name", message: "must be string" }] });
  for (const bytes of ["", "{", "null", "[]", '"x"', "\u0000\uffff", '{"__proto__":{"name":"x"}}']) {
    const answer = await bus.request(greet.subject, Buffer.from(bytes), { timeoutMs: 5000 });
    t.match(JSON.parse(Buffer.from(answer.data).toString()), { error: { code: "invalid_request" } });
  }
  t.same(errors, []);
});

test("an invalid answer is an internal error", async (t) => {
  const { bus } = setUp(t);
  const answers = ['{"answer":{"text":7}}', "{}", "null", "[", '{"error":{"code":"constructor"}}', '{"error":{}}'];
  let next = "";
  bus.serve(greet.subject, async () => Buffer.from(next));
  for (next of answers)
    await t.rejects(call(bus, greet, { name: "a" }), { name: "ChatError", code: "internal_error" }, next);
});

test("no responders, a timeout and a closed bus are all service_unavailable", async (t) => {
  const { bus } = setUp(t);
  await t.rejects(call(bus, greet, { name: "a" }), { code: "service_unavailable", cause: { name: "NoResponders" } });
  bus.subscribe(greet.subject, () => {});
  const late = call(bus, greet, { name: "a" }, { timeoutMs: 10 });
  await t.rejects(late, { code: "service_unavailable", cause: new RequestTimeout(greet.subject, 10) });
  await bus.close();
  await t.rejects(call(bus, greet, { name: "a" }), { code: "service_unavailable", cause: { name: "BusClosed" } });
});

test("an overloaded server is service_unavailable", async (t) => {
  const { bus, errors } = setUp(t, { maxPending: 1 });
  let release = (): void => {};
  const running = new Promise<void>((started) => {
    serveRpc(bus, greet, async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
        started();
      });
      return { text: "done" };
    });
  });
  const first = call(bus, greet, { name: "a" });
  await running;
  await t.rejects(call(bus, greet, { name: "b" }), { code: "service_unavailable" });
  t.ok(errors[0] instanceof SlowConsumer);
  release();
  t.same(await first, { text: "done" });
});

test("a request that is too large is payload_too_large", async (t) => {
  const { bus } = setUp(t, { maxPayload: 100 });
  const large = call(bus, greet, { name: "x".repeat(100) });
  await t.rejects(large, { code: "payload_too_large" });
  const cause = await call(bus, greet, { name: "x".repeat(100) }).catch((error: Error) => error.cause);
  t.ok(cause instanceof PayloadTooLarge);
});

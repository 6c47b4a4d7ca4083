// The shape of answers, refusals before a handler runs, and health.
import { type AddressInfo, connect } from "node:net";
import { ChatError, routes } from "@khui/contracts";
import { createLocalLimits } from "@khui/limits/local";
import { recordedTelemetry } from "@khui/test-kit/recorded-telemetry";
import { test } from "tap";
import {
  type Call,
  createApp,
  createTokens,
  type Guard,
  gracefulShutdown,
  mounter,
  mountHealth,
} from "../../src/http/index.js";

const secret = "a secret of decent length";

async function rig(rules: Partial<Guard["rules"]> = {}) {
  const app = await createApp({});
  const tokens = await createTokens({ secret });
  const limits = createLocalLimits();
  const guard: Guard = {
    tokens,
    limits,
    rules: {
      perAddress: { name: "address", points: 1000, perSeconds: 60 },
      perUser: { name: "user", points: 1000, perSeconds: 60 },
      ...rules,
    },
  };
  const headers = { authorization: `Bearer ${tokens.sign({ sub: "u" }, 60)}` };
  return { app, guard, headers, mount: mounter(app, guard), close: () => Promise.all([app.close(), limits.close()]) };
}

const url = "/api/v1/chat/messages/0123456789abcdef01234567";

test("CORS allows every method that a route has", async (t) => {
  const { app, close } = await rig();
  t.teardown(close);
  for (const { method } of Object.values(routes)) {
    const headers = { origin: "https://app.example", "access-control-request-method": method };
    const { statusCode, headers: allowed } = await app.inject({ method: "OPTIONS", url, headers });
    t.equal(statusCode, 204);
    t.ok(String(allowed["access-control-allow-methods"]).split(/, ?/).includes(method), method);
  }
});

test("a handler's answer gets success in front, and the contract's status", async (t) => {
  const { mount, app, headers, close } = await rig();
  t.teardown(close);
  let seen: Call<typeof routes.editMessage> | undefined;
  mount(routes.editMessage, async (call) => {
    seen = call;
    return { message: call.localize("message_edited"), data: {} as never };
  });
  const answer = await app.inject({ method: "PUT", url, headers, payload: { content: "x", unknown: 1 } });
  t.equal(answer.statusCode, 200);
  t.same(answer.json(), { success: true, message: "แก้ไขข้อความสำเร็จ", data: {} });
  t.equal(seen?.identity.userId, "u");
  t.equal(answer.headers["x-request-id"], seen?.requestId);
});

test("a body of no bytes is none, whatever its content type and framing", async (t) => {
  const { mount, app, headers, close } = await rig();
  t.teardown(close);
  mount(routes.joinRoom, async ({ body }) => ({ message: typeof body, chatRoom: {} as never }));
  const join = routes.joinRoom.url.replace(":chatRoomId", "0123456789abcdef01234567");
  for (const type of ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "a/b", "application/json"]) {
    for (const framing of [{ "content-length": "0" }, { "transfer-encoding": "chunked" }]) {
      const answer = await app.inject({
        method: "POST",
        url: join,
        headers: { ...headers, ...framing, "content-type": type },
      });
      t.match(answer.json(), { success: true, message: "undefined" }, type);
    }
    if (type === "application/json") continue;
    const full = await app.inject({
      method: "POST",
      url: join,
      headers: { ...headers, "content-type": type },
      payload: "x",
    });
    t.equal(full.json().code, "unsupported_media_type", type);
  }
});

test("every refusal has the same shape, in Thai or in English", async (t) => {
  const { mount, app, headers, close } = await rig();
  t.teardown(close);
  mount(routes.editMessage, async () => {
    throw new ChatError("not_message_sender");
  });
  const thai = (await app.inject({ method: "PUT", url, headers, payload: { content: "x" } })).json();
  t.match(thai, { success: false, statusCode: 403, error: "Forbidden", code: "not_message_sender" });
  t.match(thai.message, /เฉพาะผู้ส่ง/);
  const english = await app.inject({
    method: "PUT",
    url,
    headers: { ...headers, "accept-language": "en-GB,th;q=0.5" },
    payload: { content: "x" },
  });
  t.match(english.json().message, /Only the sender/);
});

test("an invalid request never reaches the handler", async (t) => {
  const { mount, app, headers, close } = await rig();
  t.teardown(close);
  mount(routes.editMessage, async () => t.fail("must not be called") as never);
  mount(routes.listMessages, async () => t.fail("must not be called") as never);
  const put = async (payload: string, type = "application/json") =>
    (await app.inject({ method: "PUT", url, headers: { ...headers, "content-type": type }, payload })).json().code;
  t.equal(await put("{"), "invalid_json");
  t.equal(await put('{"content":5}'), "invalid_request");
  t.equal(await put('{"__proto__":{"content":"x"}}'), "invalid_json");
  t.equal(await put("[".repeat(50_000) + "]".repeat(50_000)), "invalid_request");
  t.equal(await put(JSON.stringify({ content: "x".repeat(300_000) })), "payload_too_large");
  t.equal(await put("content=x", "application/x-www-form-urlencoded"), "unsupported_media_type");
  const list = async (query: string) =>
    (await app.inject({ url: `/api/v1/chat/rooms/0123456789abcdef01234567/messages?${query}`, headers })).json();
  for (const query of ["limit=0", "limit=-1", "limit=101", "limit=1.5", "limit=abc", "limit=1&limit=2", "limit=1e2"]) {
    t.match(await list(query), { code: "invalid_request", details: { part: "querystring" } }, query);
  }
  t.equal(
    (await app.inject({ method: "PUT", url: "/api/v1/chat/messages/xyz", headers, payload: {} })).statusCode,
    400,
  );
});

test("missing or bad tokens are 401, before the body is validated", async (t) => {
  const { mount, app, close } = await rig();
  t.teardown(close);
  mount(routes.editMessage, async () => t.fail("must not be called") as never);
  for (const authorization of [undefined, "", "Bearer", "Bearer x", "Basic abc", `Bearer ${"x".repeat(20_000)}`]) {
    const answer = await app.inject({
      method: "PUT",
      url,
      ...(authorization ? { headers: { authorization } } : {}),
      payload: "{",
    });
    t.ok([401, 431].includes(answer.statusCode), String(authorization).slice(0, 20));
  }
});

test("too many requests of one user are 429 with Retry-After, and others are not affected", async (t) => {
  const { mount, app, guard, headers, close } = await rig({ perUser: { name: "user", points: 3, perSeconds: 60 } });
  t.teardown(close);
  mount(routes.removeReaction, async () => ({ message: "", data: {} as never }));
  const ask = async (h: Record<string, string>) =>
    app.inject({ method: "DELETE", url: `${url}/reactions`, headers: h });
  for (let i = 0; i < 3; i++) t.equal((await ask(headers)).statusCode, 200);
  const refused = await ask(headers);
  t.equal(refused.statusCode, 429);
  t.ok(Number(refused.headers["retry-after"]) >= 1);
  t.equal(refused.json().code, "rate_limited");
  t.equal((await ask({ authorization: `Bearer ${guard.tokens.sign({ sub: "v" }, 60)}` })).statusCode, 200);
});

test("a request that does the work of several counts as several", async (t) => {
  const { mount, app, headers, close } = await rig({ perUser: { name: "user", points: 25, perSeconds: 60 } });
  t.teardown(close);
  mount(routes.forwardMessage, async () => ({ message: "", data: [] }));
  const forward = async (rooms: number) => {
    const payload = { chatRoomIds: Array.from({ length: rooms }, (_, n) => String(n).padStart(24, "0")) };
    return (await app.inject({ method: "POST", url: `${url}/forward`, headers, payload })).statusCode;
  };
  t.equal(await forward(20), 201);
  t.equal(await forward(5), 201);
  t.equal(await forward(1), 429);
});

test("an unforeseen failure is 500 and reveals no details", async (t) => {
  const { mount, app, headers, close } = await rig();
  t.teardown(close);
  mount(routes.removeReaction, async () => {
    throw new Error("secret detail");
  });
  const answer = await app.inject({ method: "DELETE", url: `${url}/reactions`, headers });
  t.equal(answer.statusCode, 500);
  t.notMatch(answer.body, /secret detail/);
});

test("unknown paths and malformed URLs are answered in the same shape", async (t) => {
  const { app, close } = await rig();
  t.teardown(close);
  t.match((await app.inject("/nowhere")).json(), { statusCode: 404, code: "not_found" });
  t.match((await app.inject("/%zz")).json(), { statusCode: 400, code: "invalid_request" });
});

test("a well-formed request id of the edge is kept", async (t) => {
  const { app, close } = await rig();
  t.teardown(close);
  const idOf = async (given: string) =>
    (await app.inject({ url: "/x", headers: { "x-request-id": given } })).headers["x-request-id"];
  t.equal(await idOf("edge-1.2"), "edge-1.2");
  t.not(await idOf("a b<script>"), "a b<script>");
});

test("readiness lists the dependencies that are down", async (t) => {
  const { app, close } = await rig();
  t.teardown(close);
  const down = new Set<string>();
  const needs = new Map([
    ["database", "degraded"],
    ["bus", "required"],
  ] as const);
  mountHealth(app, needs, async (name) => {
    if (down.has(name)) throw new Error("down");
  });
  t.equal((await app.inject("/healthz")).statusCode, 200);
  t.match((await app.inject("/readyz")).json(), { status: "ready", dependencies: { database: "ok", bus: "ok" } });
  down.add("database");
  const degraded = await app.inject("/readyz");
  t.equal(degraded.statusCode, 200);
  t.match(degraded.json(), { status: "degraded", dependencies: { database: "down", bus: "ok" } });
  down.add("bus");
  const answer = await app.inject("/readyz");
  t.equal(answer.statusCode, 503);
  t.match(answer.json(), { status: "not ready", dependencies: { database: "down", bus: "down" } });
});

test("why a dependency is down is logged when that begins, and its end, but not at every check", async (t) => {
  const { log, lines } = recordedTelemetry();
  const app = await createApp({ log });
  t.teardown(() => app.close());
  let failure: Error | undefined = new Error("AccessDenied");
  mountHealth(app, new Map([["blobs", "degraded"]]), async () => {
    if (failure) throw failure;
  });
  const check = () => app.inject("/readyz");
  for (const _ of [1, 2]) await check();
  failure = undefined;
  for (const _ of [1, 2]) await check();
  t.match(
    lines().filter(({ dependency }) => dependency === "blobs"),
    [
      { level: 40, msg: "a dependency is down", err: { message: "AccessDenied" } },
      { level: 30, msg: "a dependency is back" },
    ],
  );
  t.equal(lines().filter(({ dependency }) => dependency === "blobs").length, 2);
});

test("a client that sends all of a too large body before it reads gets the answer", async (t) => {
  const { mount, app, headers, close } = await rig();
  t.teardown(close);
  mount(routes.editMessage, async () => ({ message: "", data: {} as never }));
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  const body = Buffer.alloc(8_000_000, "x");
  for (const length of [`content-length: ${body.length}`, "transfer-encoding: chunked"]) {
    const socket = connect(port, "127.0.0.1").pause();
    t.teardown(() => socket.destroy());
    const head = [`PUT ${url} HTTP/1.1`, "host: a", "content-type: application/json", length];
    socket.write([...head, `authorization: ${headers.authorization}`, "", ""].join("\r\n"));
    const sent = length.startsWith("t")
      ? [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")]
      : [body];
    // Each chunk is received before the next is sent, and the client reads nothing before the last.
    for (const part of sent) await new Promise((resolve) => socket.write(part, resolve));
    socket.end();
    const answer = (await socket.resume().toArray()).join("");
    t.match(answer, /^HTTP\/1.1 413 /, length);
    t.match(answer, "payload_too_large", length);
    t.match(answer, /สูงสุด 256 KB/, "with the limit");
  }
});

test("a service that shuts down is not ready, keeps answering, and closes its connections", async (t) => {
  const { app, close } = await rig();
  t.teardown(close);
  mountHealth(app, new Map(), async () => undefined);
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  t.match(await ask("/readyz"), { status: 200 });
  let notice = () => {};
  const noticed = new Promise<void>((resolve) => {
    notice = resolve;
  });
  const gone = gracefulShutdown(app, () => noticed);
  const [ready, alive] = [await ask("/readyz"), await ask("/healthz")];
  t.same([ready.status, alive.status], [503, 200]);
  t.same([ready.headers.get("connection"), alive.headers.get("connection")], ["close", "close"]);
  notice();
  await gone;
  await t.rejects(ask("/healthz"));
});

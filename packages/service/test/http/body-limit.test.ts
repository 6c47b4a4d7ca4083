// The body limit of each route: as much as its schema may need.
import { routes } from "@khui/contracts";
import { createLocalLimits } from "@khui/limits/local";
import { test } from "tap";
import { createApp, createTokens, type Guard, mounter } from "../../src/http/index.js";

const id = "0123456789abcdef01234567";
const tokens = await createTokens({ secret: "a secret of decent length" });
const headers = {
  authorization: `Bearer ${tokens.sign({ sub: "u", scope: "chat:admin" }, 60)}`,
  "content-type": "application/json",
};

const kilobytes = {
  createRoom: 256,
  updateSettings: 256,
  addParticipants: 153,
  upsertUsers: 256,
  sendMessage: 256,
  sendSticker: 256,
  editMessage: 256,
} as Record<string, number>;

test("every route accepts the largest body of its schema, and no larger one", async (t) => {
  const app = await createApp({});
  const limits = createLocalLimits();
  t.teardown(() => Promise.all([app.close(), limits.close()]));
  const rule = { points: 100_000, perSeconds: 60 };
  const rules = { perAddress: { name: "address", ...rule }, perUser: { name: "user", ...rule } };
  const guard: Guard = { tokens, limits, rules };
  const taking = Object.entries(routes).filter(([, { method }]) => method !== "GET");
  for (const [, route] of taking) mounter(app, guard)(route as never, async () => ({}) as never);
  for (const [name, { method, url }] of taking) {
    const send = async (bytes: number) => {
      const payload = `{"x":"${" ".repeat(bytes - 8)}"}`;
      return (await app.inject({ method, url: url.replace(/:\w+/g, id), headers, payload })).json();
    };
    const most = (kilobytes[name] ?? 16) * 1024;
    t.not((await send(most)).code, "payload_too_large", name);
    t.equal((await send(most + 2048)).code, "payload_too_large", name);
  }
});

test("the largest settings and texts are accepted, however they are escaped", async (t) => {
  const app = await createApp({});
  const limits = createLocalLimits();
  t.teardown(() => Promise.all([app.close(), limits.close()]));
  const rule = { points: 1000, perSeconds: 60 };
  const guard: Guard = {
    tokens,
    limits,
    rules: { perAddress: { name: "a", ...rule }, perUser: { name: "u", ...rule } },
  };
  mounter(app, guard)(routes.updateSettings, async () => ({}) as never);
  mounter(app, guard)(routes.sendMessage, async () => ({}) as never);
  const escaped = (characters: number) => "\\ud83d\\ude00".repeat(characters);
  const room = `/api/v1/chat/rooms/${id}`;
  const settings = `{"name":"${escaped(200)}","description":"${escaped(2000)}","avatar":"${escaped(2048)}"}`;
  t.equal((await app.inject({ method: "PUT", url: `${room}/settings`, headers, payload: settings })).statusCode, 200);
  const text = `{"content":"${escaped(10_000)}"}`;
  t.equal((await app.inject({ method: "POST", url: `${room}/messages`, headers, payload: text })).statusCode, 201);
});

test("the body of a request to an unknown path is not read", async (t) => {
  const app = await createApp({});
  t.teardown(() => app.close());
  const headers = { "content-type": "application/json" };
  const answer = await app.inject({ method: "POST", url: "/nowhere", headers, payload: "{" });
  t.match(answer.json(), { statusCode: 404, code: "not_found" });
});

// Who is let in, what a refused token leads to, and that a token can be renewed at any time.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { ChatError, closeCodes, type ErrorCode, messagesRpc } from "@khui/contracts";
import { createLocalLimits } from "@khui/limits/local";
import { createLocalPresence } from "@khui/presence/local";
import type { Identity } from "@khui/service/http";
import { unobserved } from "@khui/service/telemetry";
import { ConnectRefused, type EventHandler, type Handshake, type Socket } from "@khui/socketio";
import { until } from "@khui/test-kit/until";
import pino from "pino";
import { type Test, test } from "tap";
import { closeExpired } from "../src/connections/authentication.js";
import type { Client } from "../src/connections/client.js";
import { createGateway } from "../src/gateway.js";
import { fakeMessagesApi, roomId } from "./fake-messages-api.js";

interface Answer {
  readonly success: boolean;
  readonly code?: string;
  readonly data?: unknown;
}

/** A gateway; a token is its user's id, or the code with which it is refused. */
async function scene(t: Test) {
  const hub = createLocalBus();
  const [bus, elsewhere] = [hub.connect(), hub.connect()];
  const pauses: Array<() => void> = [];
  const held = { joins: false };
  fakeMessagesApi(elsewhere, () => (held.joins ? new Promise((resolve) => pauses.push(resolve)) : Promise.resolve()));
  serveRpc(elsewhere, messagesRpc.roomLists, async ({ userIds }) => ({ rooms: [], lists: userIds.map(() => []) }));
  const store = createLocalPresence();
  const limits = createLocalLimits();
  const rule = (name: string) => ({ name, points: 1_000, perSeconds: 60 });
  const verify = async (token: string): Promise<Identity> => {
    if (token.includes("_")) throw new ChatError(token as ErrorCode);
    const expiresAt = Date.now() + 60_000;
    return { userId: token, name: undefined, avatar: undefined, admin: false, issuedAt: null, expiresAt };
  };
  const gateway = createGateway({
    bus,
    presence: store,
    guard: {
      tokens: { verify, sign: () => "" },
      limits,
      rules: { perAddress: rule("address"), perUser: rule("user") },
    },
    instanceId: "here",
    onError: () => {},
    telemetry: unobserved(pino({ level: "silent" })),
  });
  t.teardown(async () => {
    await gateway.close();
    await limits.close();
    await store.close();
    await bus.close();
    await elsewhere.close();
  });
  const english: Handshake = {
    auth: {},
    query: {},
    headers: { "accept-language": "en" },
    address: "127.0.0.1",
  };

  function open(handshake: Partial<Handshake> = {}) {
    let handler: EventHandler = () => {};
    const received: Array<{ event: string; payload: unknown }> = [];
    const closes: number[] = [];
    const socket = {
      bufferedBytes: 0,
      emit: (event: string, payload: unknown) => received.push({ event, payload }),
      send: () => {},
      onEvent: (given: EventHandler) => {
        handler = given;
      },
      onClose: () => {},
      trust: () => {},
      close: (code: number) => closes.push(code),
    } as unknown as Socket;
    gateway.connect(socket, { ...english, ...handshake });
    const ask = (event: string, payload: unknown = {}) =>
      new Promise<Answer>((resolve) => handler(event, [payload], (answer) => resolve(answer as Answer), socket));
    const heard = (event: string) => received.filter((one) => one.event === event).map(({ payload }) => payload);
    return { ask, heard, closes, socket, client: socket.data as Client };
  }
  const admit = async (auth: Record<string, unknown>, more: Partial<Handshake> = {}) =>
    gateway.admit({ ...english, ...more, auth });
  const hang = () => {
    held.joins = true;
  };
  const goOn = () => {
    held.joins = false;
    for (const resolve of pauses.splice(0)) resolve();
  };
  return { open, admit, hang, goOn, pauses };
}

test("a token is renewed while a join hangs, and renewals are handled in order", async (t) => {
  const { open, hang, goOn, pauses } = await scene(t);
  const { ask, client } = open();
  await ask("authenticate", { token: "ann" });
  hang();
  const events: string[] = [];
  const note = (what: string) => () => events.push(what);
  const join = ask("join_chat", { chatRoomId: roomId }).then(note("join"));
  const behind = ask("get_online_users").then(note("behind"));
  await until("the join is asked for", () => pauses.length > 0);
  const before = client.identity;
  const renewals = ["ann", "bob", "ann"].map((token, n) =>
    ask("authenticate", { token }).then(({ success }) => note(`${n} ${success}`)()),
  );
  await Promise.all(renewals);
  t.strictSame(events, ["0 true", "1 false", "2 true"]);
  t.not(client.identity, before);
  await until("it goes on", () => {
    goOn();
    return events.includes("behind");
  });
  await Promise.all([join, behind]);
  t.strictSame(events.slice(3), ["join", "behind"]);
  t.equal(client.waitingBytes, 0);
});

test("a renewal finds a place also where no further request may wait", async (t) => {
  const { open, hang, goOn, pauses } = await scene(t);
  const { ask } = open();
  await ask("authenticate", { token: "ann" });
  hang();
  const content = "x".repeat(10_000);
  const asked = [ask("join_chat", { chatRoomId: roomId })];
  for (let n = 0; n < 30; n += 1) asked.push(ask("send_message", { chatRoomId: roomId, content }));
  t.match(await asked.at(-1), { code: "rate_limited" });
  t.match(await ask("authenticate", { token: "ann" }), { success: true });
  await until("the join is asked for", () => pauses.length > 0);
  let answered = false;
  const all = Promise.all(asked).then(() => {
    answered = true;
  });
  await until("all are answered", () => {
    goOn();
    return answered;
  });
  await all;
});

test("who did not sign in in time may come back, but not with a token that was refused", async (t) => {
  const { open } = await scene(t);
  const cases: Array<[unknown[], number]> = [
    [[], closeCodes.authentication_timeout.code],
    [[{ token: "service_unavailable" }], closeCodes.authentication_timeout.code],
    [[{ token: "invalid_token" }], closeCodes.authentication_failed.code],
    [[{ token: "token_expired" }], closeCodes.authentication_failed.code],
    [[{ token: "bob", userId: "ann" }], closeCodes.authentication_failed.code],
    [[{ userId: "ann" }], closeCodes.authentication_failed.code],
    [[{ token: "service_unavailable" }, { token: "invalid_token" }], closeCodes.authentication_failed.code],
    [[{ token: "invalid_token" }, { token: "service_unavailable" }], closeCodes.authentication_timeout.code],
  ];
  for (const [attempts, code] of cases) {
    const { ask, heard, closes, client } = open();
    for (const attempt of attempts) t.match(await ask("authenticate", attempt), { success: false });
    closeExpired([client], client.openedAt + 10_000, 10_000);
    t.strictSame(closes, [], "it has until then to try again");
    closeExpired([client], client.openedAt + 10_001, 10_000);
    t.strictSame(closes, [code], JSON.stringify(attempts));
    t.match(heard("auth_error").at(-1), { code: "authentication_timeout" });
  }
  const { ask, closes, client } = open();
  await ask("authenticate", { token: "invalid_token" });
  t.match(await ask("authenticate", { token: "ann" }), { success: true });
  await ask("authenticate", { token: "invalid_token" });
  closeExpired([client], client.openedAt + 59_000, 10_000);
  t.strictSame(closes, [], "a refused renewal leaves the time that is left");
  closeExpired([client], client.openedAt + 70_000, 10_000);
  t.strictSame(closes, [closeCodes.token_expired.code], "after which it may come back with a fresh token");
});

test("a token in the handshake is verified before the client is let in", async (t) => {
  const { open, admit } = await scene(t);
  for (const auth of [{}, { token: null }, { token: 7 }, { userId: "ann" }]) t.equal(await admit(auth), undefined);
  for (const [auth, code] of [
    [{ token: "invalid_token" }, "invalid_token"],
    [{ token: "token_expired" }, "token_expired"],
    [{ token: "bob", userId: "ann" }, "user_mismatch"],
    [{ token: "ann", userId: 7 }, "invalid_request"],
    [{ token: "" }, "invalid_request"],
  ] as const) {
    const error = await admit(auth).then(
      () => undefined,
      (refusal) => refusal,
    );
    t.type(error, ConnectRefused);
    t.match(error, { message: /[a-z]/, data: { code, message: error.message } });
  }
  const ann = open({ admitted: await admit({ token: "ann", more: "is ignored" }) });
  t.match(await ann.ask("join_chat", { chatRoomId: roomId }), { success: true });
  t.match(ann.heard("authenticated"), [{ userId: "ann" }]);
  const later = open({ admitted: await admit({ token: "service_unavailable" }) });
  t.match(later.heard("auth_error"), [{ code: "service_unavailable" }]);
  t.match(await later.ask("authenticate", { token: "ann" }), { success: true }, "it can try again on its socket");
});

test("a client that has left and comes back in its session is who it was to the limits", async (t) => {
  const { open, admit } = await scene(t);
  const before = open({ headers: { "accept-language": "en", "x-forwarded-for": "10.1.1.1" } });
  for (let n = 0; n < 50; n += 1) await before.ask("nonsense");
  const previous = { headers: {}, address: "", previous: before.socket };
  const after = open({ ...previous, admitted: await admit({ token: "ann" }, previous) });
  t.equal(after.client.caller, before.client.caller);
  t.equal(after.client.tokens, before.client.tokens);
  t.match(await after.ask("join_chat", { chatRoomId: roomId }), { success: true });
});

// A gateway compares its rooms with their logs again and again, but never twice at a time.
import type { Bus } from "@khui/bus";
import { createLocalBus } from "@khui/bus/local";
import { createLocalLimits } from "@khui/limits/local";
import { createLocalPresence } from "@khui/presence/local";
import type { Guard } from "@khui/service/http";
import { unobserved } from "@khui/service/telemetry";
import type { EventHandler, Socket } from "@khui/socketio";
import { until } from "@khui/test-kit/until";
import pino from "pino";
import { test } from "tap";
import { createGateway } from "../src/gateway.js";
import { fakeMessagesApi, roomId } from "./fake-messages-api.js";

const rule = (name: string) => ({ name, points: 1_000_000, perSeconds: 60 });

test("while messages-api does not answer, neither intervals nor reconnects ask again", async (t) => {
  const hub = createLocalBus();
  const [bus, elsewhere] = [hub.connect(), hub.connect()];
  let holding = false;
  const held: Array<() => void> = [];
  fakeMessagesApi(elsewhere, async () => {
    if (holding) await new Promise<void>((resolve) => held.push(resolve));
  });
  let reconnected = () => {};
  const onReconnect: Bus["onReconnect"] = (handler) => {
    reconnected = handler;
    return () => {};
  };
  const limits = createLocalLimits();
  const presence = createLocalPresence();
  const identity = { userId: "ann", name: undefined, avatar: undefined, admin: false, issuedAt: null, expiresAt: null };
  const guard: Guard = {
    tokens: { verify: async () => identity, sign: () => "" },
    limits,
    rules: { perAddress: rule("address"), perUser: rule("user") },
  };
  const gateway = createGateway({
    bus: Object.create(bus, { onReconnect: { value: onReconnect } }),
    presence,
    guard,
    instanceId: "here",
    onError: () => {},
    telemetry: unobserved(pino({ level: "silent" })),
    repairMs: 1,
  });
  await gateway.start();
  t.teardown(async () => {
    holding = false;
    for (const release of held) release();
    await gateway.close();
    await limits.close();
    await presence.close();
    await bus.close();
    await elsewhere.close();
  });

  let handler: EventHandler = () => {};
  const socket = {
    bufferedBytes: 0,
    trust() {},
    emit() {},
    send() {},
    onEvent: (given: EventHandler) => {
      handler = given;
    },
    onClose() {},
  } as unknown as Socket;
  gateway.connect(socket, { auth: {}, query: {}, headers: {}, address: "127.0.0.1" });
  const ask = (event: string, payload: unknown) => new Promise((resolve) => handler(event, [payload], resolve, socket));
  t.match(await ask("authenticate", { token: "ann" }), { success: true });
  t.match(await ask("join_chat", { chatRoomId: roomId }), { success: true });

  holding = true;
  await until("it is asked for heads", () => held.length === 1);
  for (let n = 0; n < 50; n++) {
    reconnected();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  t.equal(held.length, 1, "one question is in flight");
});

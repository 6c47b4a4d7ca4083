// A client moves from one gateway to another, and notices nothing: what it is sent there goes on where the first one ended.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { encodeWire, messagesRpc, subjects } from "@khui/contracts";
import { createLocalLimits } from "@khui/limits/local";
import { createLocalPresence } from "@khui/presence/local";
import type { Guard, Identity } from "@khui/service/http";
import { unobserved } from "@khui/service/telemetry";
import type { CloseHandler, EncodedEvent, EventHandler, ExpectedSocket, HandoverHost, Socket } from "@khui/socketio";
import { until } from "@khui/test-kit/until";
import pino from "pino";
import { type Test, test } from "tap";
import { createGateway } from "../src/gateway.js";
import { fakeMessagesApi, roomId } from "./fake-messages-api.js";
import { fakeRoomsApi } from "./fake-rooms-api.js";

const rule = (name: string) => ({ name, points: 1_000_000, perSeconds: 60 });
const flood = { burst: 20, perSecond: 0.001 };

/** A socket that keeps what it is sent, as `event {payload}`. */
function fakeSocket() {
  const received: string[] = [];
  let onEvent: EventHandler = () => {};
  const onClose: CloseHandler[] = [];
  const socket = {
    bufferedBytes: 0,
    trust() {},
    emit: (event: string, payload: unknown) => received.push(`${event} ${JSON.stringify(payload)}`),
    send: ({ event, body }: EncodedEvent) => received.push(`${event} ${Buffer.from(body).toString()}`),
    onEvent: (given: EventHandler) => {
      onEvent = given;
    },
    onClose: (given: CloseHandler) => onClose.push(given),
    close: (code: number) => end(`${code}`),
  } as unknown as Socket;
  const closed: string[] = [];
  function end(reason: string): void {
    closed.push(reason);
    for (const handler of onClose.splice(0)) handler(reason, socket);
  }
  return {
    socket,
    received,
    closed,
    end,
    ask: (event: string, payload: unknown) =>
      new Promise<Record<string, unknown>>((resolve) =>
        onEvent(event, [payload], (answer) => resolve(answer as never), socket),
      ),
  };
}

type FakeSocket = ReturnType<typeof fakeSocket>;

/** Two gateways over one bus and one presence store, and the log of one room. */
async function startGateways(t: Test) {
  const hub = createLocalBus();
  const elsewhere = hub.connect();
  const api = fakeMessagesApi(elsewhere);
  fakeRoomsApi(elsewhere);
  serveRpc(elsewhere, messagesRpc.delivered, async () => ({}));
  serveRpc(elsewhere, messagesRpc.audiences, async ({ userIds }) => ({
    roomIds: [roomId],
    lists: userIds.map(() => [0]),
  }));
  serveRpc(elsewhere, messagesRpc.roomLists, async ({ userIds }) => ({
    rooms: [{ roomId, seq: api.head }],
    lists: userIds.map(() => [0]),
  }));
  const presence = createLocalPresence();
  const limits = createLocalLimits();
  const identityOf = async (token: string): Promise<Identity> => {
    return { userId: token, name: undefined, avatar: undefined, admin: false, issuedAt: null, expiresAt: null };
  };
  const guard: Guard = {
    tokens: { verify: identityOf, sign: () => "" },
    limits,
    rules: { perAddress: rule("address"), perUser: rule("user") },
  };
  const buses = [hub.connect(), hub.connect()];
  const gateways = buses.map((bus, n) =>
    createGateway({
      bus,
      presence,
      guard,
      instanceId: `gateway-${n}`,
      onError: (error) => t.comment(String(error)),
      telemetry: unobserved(pino({ level: "silent" })),
      flood: { ...flood, strikes: 5, user: { burst: 40, perSecond: 0.001 }, joins: { burst: 10, perSecond: 0.001 } },
      presenceTimes: { renewMs: 60_000, leaseMs: 120_000, graceMs: 1 },
    }),
  );
  for (const gateway of gateways) await gateway.start();
  t.teardown(async () => {
    for (const gateway of gateways) await gateway.close();
    await limits.close();
    await presence.close();
    for (const bus of [...buses, elsewhere]) await bus.close();
  });
  const [first, second] = gateways;
  if (!first || !second) throw new Error("two gateways");

  async function enter(userId: string, gateway = first): Promise<FakeSocket> {
    const one = fakeSocket();
    gateway!.connect(one.socket, { auth: {}, query: {}, headers: {}, address: "127.0.0.1" });
    if (!(await one.ask("authenticate", { token: userId })).success) throw new Error("not authenticated");
    return one;
  }
  const publishLive = (header: { event: string; except?: string; only?: string; once?: string }, payload: object) =>
    elsewhere.publish(subjects.roomLive(roomId), encodeWire(header, JSON.stringify(payload)));
  const publishToUser = (userId: string, event: string, payload: object) =>
    elsewhere.publish(subjects.userLive(userId), encodeWire({ event }, JSON.stringify(payload)));
  return { api, presence, first, second, enter, publishLive, publishToUser, elsewhere };
}

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** The steps of a move, as the engines take them; `at` is called in between, and before and after. */
async function move(
  from: FakeSocket,
  { first, second }: { readonly first: { handover: HandoverHost }; readonly second: { handover: HandoverHost } },
  at: (step: string) => Promise<void> = async () => {},
): Promise<FakeSocket> {
  await at("before");
  const offer = json(await first.handover.offer(from.socket));
  await at("offered");
  const expected: ExpectedSocket = await second.handover.expect(offer);
  await at("expected");
  const state = json(first.handover.give(from.socket));
  from.end("moved");
  await at("given");
  const to = fakeSocket();
  expected.adopt(to.socket, state);
  await at("adopted");
  return to;
}

const byName = (lines: readonly string[], ...names: string[]) =>
  lines.filter((line) => names.some((name) => line.startsWith(`${name} `)));

test("entries of the log, live events and a user's own events arrive once and in order, whenever they are published", async (t) => {
  const gateways = await startGateways(t);
  const { api, enter, publishLive, publishToUser, elsewhere } = gateways;
  for (let n = 0; n < 5; n++) api.append();
  const ann = await enter("ann");
  const witness = await enter("bob", gateways.second);
  for (const one of [ann, witness]) t.match(await one.ask("join_chat", { chatRoomId: roomId }), { success: true });
  let published = 0;
  const publish = () => {
    published += 1;
    api.publish(api.append());
    publishLive({ event: "message_read", except: "bob" }, { n: published });
    publishLive({ event: "message_read" }, { same: true });
    publishLive({ event: "message_read", only: "ann" }, { own: published });
    publishToUser("ann", "message_deleted", { n: published });
  };
  const to = await move(ann, gateways, async () => {
    for (let n = 0; n < 3; n++) publish();
    await elsewhere.flush();
    // Some of it has arrived by the next step, and some has not.
    if (published % 2 === 0)
      await until("the witness has it", () => byName(witness.received, "new_message").length >= published);
  });
  await until(
    "all has arrived",
    () => byName(to.received, "new_message").at(-1)?.includes(`"seq":${api.head},`) === true,
  );
  publish();
  await until(
    "and what follows",
    () => byName(to.received, "message_deleted").at(-1)?.includes(`"n":${published}`) === true,
  );
  await until("in the room too", () => byName(to.received, "message_read").length > 0);

  const received = [...ann.received, ...to.received];
  const numbers = (name: string, field: string) =>
    byName(received, name).flatMap((line) => {
      const found = new RegExp(`"${field}":(\\d+)`).exec(line)?.[1];
      return found === undefined ? [] : [Number(found)];
    });
  const count = (from: number, length: number) => Array.from({ length }, (_, n) => from + n);
  await until("all live events", () => numbers("message_read", "own").at(-1) === published);
  t.strictSame(numbers("new_message", "seq"), count(6, published));
  t.strictSame(numbers("message_read", "n"), count(1, published));
  t.strictSame(
    numbers("message_read", "own"),
    count(1, published),
    "for her alone, though nobody else of hers is there",
  );
  t.strictSame(numbers("message_deleted", "n"), count(1, published));
  t.equal(byName(received, "message_read").length, 3 * published, "and those that are alike");
  t.equal(byName(received, "joined_chat").length, 1);
  t.equal(byName(to.received, "chat_updated", "authenticated", "error").length, 0);
  t.strictSame(to.closed, []);
  t.match(await to.ask("typing_start", { chatRoomId: roomId }), { success: true }, "it is in the room");
});

test("a join in progress is waited for; what the client is shown of who is typing is set right", async (t) => {
  const gateways = await startGateways(t);
  const { enter, publishLive, elsewhere, presence } = gateways;
  const typing = (userId: string, is = true) => {
    publishLive({ event: is ? "user_typing" : "user_stop_typing", except: userId }, { chatRoomId: roomId, userId });
    return is ? presence.startTyping("elsewhere", roomId, userId, 6_000) : presence.stopTyping(roomId, userId);
  };
  await presence.renew("elsewhere", 120_000);
  const choice = { status: "online" as const, revision: 1 };
  await presence.connect(
    "elsewhere",
    ["cat", "dan", "eve"].map((userId) => ({ userId, choice })),
  );
  const ann = await enter("ann");
  const joining = ann.ask("join_chat", { chatRoomId: roomId });
  let joined = false;
  void joining.then(() => {
    joined = true;
  });
  const steps: Readonly<Record<string, () => Promise<void>>> = {
    async offered() {
      t.ok(joined);
      await typing("cat");
      await typing("dan");
      await until("it is shown", () => byName(ann.received, "user_typing").length === 2);
    },
    async given() {
      await typing("cat", false);
      await typing("eve");
      await elsewhere.flush();
    },
  };
  const to = await move(ann, gateways, async (step) => steps[step]?.());
  await until("it is set right", () => to.received.length === 2);
  t.strictSame(
    to.received.sort().map((line) => line.replace(roomId, "r")),
    ['user_stop_typing {"chatRoomId":"r","userId":"cat"}', 'user_typing {"chatRoomId":"r","userId":"eve"}'],
  );
  await typing("dan", false);
  await until("dan stops", () => to.received.length === 3);
});

test("others see no change: the user stays online, with the status chosen, and goes on typing until it ends", async (t) => {
  const gateways = await startGateways(t);
  const { enter, presence, first, second } = gateways;
  const [ann, bob] = [await enter("ann"), await enter("bob")];
  for (const one of [ann, bob]) await one.ask("join_chat", { chatRoomId: roomId });
  await ann.ask("update_status", { status: "busy" });
  await ann.ask("typing_start", { chatRoomId: roomId });
  await until("bob is shown it", () => byName(bob.received, "user_typing").length === 1);
  bob.received.length = 0;
  const to = await move(ann, gateways);
  await until("it is in its room", () => second.stats().rooms === 1);
  // The first gateway tells the store that it is gone, after its grace period.
  await until("the first has forgotten it", () => first.stats().clients === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const [state] = await presence.lookup(["ann"]);
  t.equal(state?.status, "busy");
  t.strictSame(byName(bob.received, "user_offline", "user_online", "user_stop_typing", "user_left_chat"), []);
  to.end("transport close");
  await until("typing ends with it", () => byName(bob.received, "user_stop_typing").length === 1);
});

test("its limits, and its user's, are as low as they were", async (t) => {
  const gateways = await startGateways(t);
  const { enter, second } = gateways;
  const ann = await enter("ann");
  // Of its burst of 20 one went to `authenticate`; the tenth join counts as an event.
  for (let n = 0; n < 11; n++) await ann.ask("join_chat", { chatRoomId: roomId });
  for (let n = 0; n < 10; n++) await ann.ask("leave_chat", { chatRoomId: roomId });
  const to = await move(ann, gateways);
  const outcomes = [];
  for (let n = 0; n < 10; n++) outcomes.push((await to.ask("leave_chat", { chatRoomId: roomId })).code ?? "ok");
  t.strictSame(outcomes, [...Array(8).fill("ok"), "rate_limited", "rate_limited"]);
  // A second client of the user there: 40 in all, of which 20 are gone, with the same for joins.
  const other = await enter("ann", second);
  const others = [];
  for (let n = 0; n < 19; n++) others.push((await other.ask("leave_chat", { chatRoomId: roomId })).code ?? "ok");
  t.equal(others.filter((one) => one === "ok").length, 19);
  t.match(await other.ask("leave_chat", { chatRoomId: roomId }), { code: "rate_limited" });
});

test("one that was taken out of its room meanwhile, or has another form, connects again", async (t) => {
  const gateways = await startGateways(t);
  const { api, enter, second } = gateways;
  const ann = await enter("ann");
  await ann.ask("join_chat", { chatRoomId: roomId });
  const to = await move(ann, gateways, async (step) => {
    if (step === "given") api.append("ann");
  });
  await until("it is closed", () => to.closed.length > 0);
  t.strictSame(to.closed, ["4000"]);
  await t.rejects(second.handover.expect({ rooms: [] }), "an offer of another form");
  const expected = await second.handover.expect({ roomIds: [] });
  const odd = fakeSocket();
  expected.adopt(odd.socket, { caller: {} });
  t.strictSame(odd.closed, ["4000"]);
  await until("nothing is left", () => second.stats().clients === 0 && second.stats().rooms === 0);
});

test("one whose user was taken out and let in again meanwhile is out of the room, and may join again", async (t) => {
  const gateways = await startGateways(t);
  const { api, enter } = gateways;
  const ann = await enter("ann");
  await ann.ask("join_chat", { chatRoomId: roomId });
  const to = await move(ann, gateways, async (step) => {
    if (step !== "given") return;
    api.append();
    api.append("ann");
    api.returned.add("ann");
    api.append();
  });
  t.match(await to.ask("typing_start", { chatRoomId: roomId }), { success: false }, "it is not in the room");
  t.strictSame(
    to.received.map((line) => line.split(" ")[0]),
    ["new_message", "user_left_chat"],
    "and is sent nothing after the entry that took it out",
  );
  t.match(await to.ask("join_chat", { chatRoomId: roomId, lastSeq: 2 }), { success: true });
  t.equal(byName(to.received, "new_message").length, 2);
  t.strictSame(to.closed, []);
});

test("a socket that is not handed over after all leaves nothing behind, at either gateway", async (t) => {
  const gateways = await startGateways(t);
  const { api, enter, first, second } = gateways;
  const ann = await enter("ann");
  await ann.ask("join_chat", { chatRoomId: roomId });
  const expected = await second.handover.expect(json(await first.handover.offer(ann.socket)));
  t.equal(second.stats().rooms, 1);
  expected.cancel();
  first.handover.keep(ann.socket);
  t.equal(second.stats().rooms, 0);
  api.publish(api.append());
  await until("it goes on where it is", () => byName(ann.received, "new_message").length === 1);
  const unknown = fakeSocket();
  first.connect(unknown.socket, { auth: {}, query: {}, headers: {}, address: "127.0.0.1" });
  const to = await move(unknown, gateways);
  t.match(await to.ask("authenticate", { token: "cat" }), { success: true }, "one that is not authenticated yet");
});

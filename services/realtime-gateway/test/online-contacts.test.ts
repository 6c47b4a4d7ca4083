// Which contacts are online: asked once for all clients of a user, and never older than what they received.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { ChatError, encodeWire, messagesRpc, subjects } from "@khui/contracts";
import { createLocalLimits } from "@khui/limits/local";
import { createLocalPresence } from "@khui/presence/local";
import type { Guard, Identity } from "@khui/service/http";
import { unobserved } from "@khui/service/telemetry";
import type { EncodedEvent, EventHandler, Socket } from "@khui/socketio";
import { eventually } from "@khui/test-kit/system";
import pino from "pino";
import { type Test, test } from "tap";
import { createGateway } from "../src/gateway.js";
import { createOnlineContacts } from "../src/presence/online-contacts.js";
import { createUserCache } from "../src/presence/user-cache.js";
import { fakeMessagesApi, roomId } from "./fake-messages-api.js";

const rate = { burst: 1_000_000, perSecond: 1_000_000 };
const perMinute = (name: string) => ({ name, points: 1_000_000, perSeconds: 60 });

/** Answers are only invalidated by what clients receive. */
const untilTold = { contactsMs: 3_600_000, onlineMs: 3_600_000 };

/** A gateway with real presence, and a messages-api that counts how often it is asked for contacts. */
async function scene(t: Test) {
  const hub = createLocalBus();
  const [bus, elsewhere] = [hub.connect(), hub.connect()];
  const api = fakeMessagesApi(elsewhere);
  const contacts = { asked: 0, userIds: ["bob"], pause: async () => {} };
  serveRpc(elsewhere, messagesRpc.contacts, async () => {
    contacts.asked += 1;
    const { userIds } = contacts;
    await contacts.pause();
    return { userIds };
  });
  serveRpc(elsewhere, messagesRpc.audiences, async ({ userIds }) => ({
    roomIds: [roomId],
    lists: userIds.map(() => [0]),
  }));
  serveRpc(elsewhere, messagesRpc.roomLists, async ({ userIds }) => ({ rooms: [], lists: userIds.map(() => []) }));
  const store = createLocalPresence();
  let looked = 0;
  const identityOf = async (token: string): Promise<Identity> => {
    return { userId: token, name: undefined, avatar: undefined, admin: false, issuedAt: null, expiresAt: null };
  };
  const limits = createLocalLimits();
  const guard: Guard = {
    tokens: { verify: identityOf, sign: () => "" },
    limits,
    rules: { perAddress: perMinute("address"), perUser: perMinute("user") },
  };
  const gateway = createGateway({
    bus,
    presence: {
      ...store,
      lookup(userIds) {
        if (userIds.includes("bob") && userIds.length === contacts.userIds.length) looked += 1;
        return store.lookup(userIds);
      },
    },
    guard,
    instanceId: "here",
    onError: (error) => t.comment(String(error)),
    telemetry: unobserved(pino({ level: "silent" })),
    flood: { ...rate, strikes: 1, user: rate, joins: rate },
    contactTimes: untilTold,
  });
  await gateway.start();
  t.teardown(async () => {
    await gateway.close();
    await limits.close();
    await store.close();
    await bus.close();
    await elsewhere.close();
  });

  /** An authenticated client of a user. */
  async function enter(userId: string) {
    let handler: EventHandler = () => {};
    const received: string[] = [];
    const socket = {
      bufferedBytes: 0,
      emit: (event: string) => received.push(event),
      send: ({ event }: EncodedEvent) => received.push(event),
      onEvent: (given: EventHandler) => {
        handler = given;
      },
      onClose: () => {},
      trust: () => {},
      close: (code: number) => t.fail(`closed with ${code}`),
    } as unknown as Socket;
    gateway.connect(socket, { auth: {}, query: {}, headers: {}, address: "127.0.0.1" });
    const ask = (event: string, payload: unknown = {}) =>
      new Promise<{ success: boolean; data: unknown }>((resolve) => {
        handler(event, [payload], (answer) => resolve(answer as { success: boolean; data: unknown }), socket);
      });
    t.match(await ask("authenticate", { token: userId }), { success: true });
    return { ask, received };
  }
  let revision = 0;
  const change = async (userId: string, status: "online" | "away") => {
    await store.renew("elsewhere", 60_000);
    await store.connect("elsewhere", [{ userId, choice: { status, revision: ++revision } }]);
  };
  return { gateway, api, contacts, store, enter, change, elsewhere, looked: () => looked };
}

const online = (userId: string) => ({
  userId,
  status: "online" as const,
  lastSeen: null,
  moment: { epoch: "", at: 0 },
});

const statuses = ({ data }: { data: unknown }) =>
  (data as Array<{ userId: string; status: string }>).map(({ userId, status }) => `${userId} ${status}`);

test("two hundred concurrent requests of one user, from several clients, are one request", async (t) => {
  const { contacts, enter, change, looked } = await scene(t);
  await change("bob", "online");
  const sockets = await Promise.all(Array.from({ length: 8 }, () => enter("ann")));
  const questions = sockets.flatMap(({ ask }) => Array.from({ length: 25 }, () => ask("get_online_users")));
  for (const answer of await Promise.all(questions)) t.strictSame(statuses(answer), ["bob online"]);
  t.equal(contacts.asked, 1);
  t.equal(looked(), 1);
  for (const { received } of sockets) t.equal(received.filter((event) => event === "online_users").length, 25);
  await (await enter("cat")).ask("get_online_users");
  t.equal(contacts.asked, 2, "another user's answer is not shared");
});

test("an answer is not older than a change that a client received", async (t) => {
  const { api, contacts, enter, change, elsewhere } = await scene(t);
  api.append();
  const [one, other] = [await enter("ann"), await enter("ann")];
  await one.ask("join_chat", { chatRoomId: roomId });
  t.strictSame(statuses(await other.ask("get_online_users")), []);

  await change("bob", "away");
  const announcement = encodeWire(
    { event: "user_online", except: "bob", once: "1" },
    `{"userId":"bob","status":"away"}`,
  );
  elsewhere.publish(subjects.roomLive(roomId), announcement);
  await eventually(() => one.received.includes("user_online"));
  t.strictSame(statuses(await other.ask("get_online_users")), ["bob away"]);
  t.equal(contacts.asked, 1, "the contacts are still cached");

  await change("cat", "online");
  contacts.userIds = ["bob", "cat"];
  api.publish(Object.assign(api.append(), { members: 3 }));
  await eventually(async () => statuses(await one.ask("get_online_users")).includes("cat online"));
  t.equal(contacts.asked, 2, "somebody came");

  contacts.userIds = ["cat"];
  elsewhere.publish(subjects.userLive("ann"), encodeWire({ event: "", watch: "6b0000000000000000000009" }, "{}"));
  await eventually(async () => statuses(await one.ask("get_online_users")).join() === "cat online");
  t.equal(contacts.asked, 3, "the user came into a room");
});

test("an answer in flight when something changes is not used for later requests", async (t) => {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  const answers = [["bob"], ["bob", "cat"]];
  let asked = 0;
  let answer = () => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  serveRpc(bus, messagesRpc.contacts, async () => {
    const userIds = answers[asked++]!;
    if (asked === 1) await slow;
    return { userIds };
  });
  const lookup = async (userIds: string[]) => userIds.map(online);
  const contacts = createOnlineContacts(bus, { lookup }, untilTold);
  const early = contacts.of("ann");
  await eventually(() => asked === 1);
  contacts.contactsChanged("ann");
  const late = contacts.of("ann");
  t.equal((await late).users.length, 2);
  answer();
  t.equal((await early).users.length, 1);
  t.equal((await contacts.of("ann")).users.length, 2, "and the late answer is not cached");
});

test("a failure is not cached", async (t) => {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  let down = true;
  serveRpc(bus, messagesRpc.contacts, async () => {
    if (down) throw new ChatError("service_unavailable");
    return { userIds: [] };
  });
  const lookup = async () => {
    if (down) throw new Error("no answer");
    return [];
  };
  const contacts = createOnlineContacts(bus, { lookup });
  const failures = await Promise.allSettled([contacts.of("ann"), contacts.of("ann")]);
  t.match(failures, [
    { status: "rejected", reason: { code: "service_unavailable" } },
    { status: "rejected", reason: { code: "service_unavailable" } },
  ]);
  down = false;
  t.same((await contacts.of("ann")).users, []);
});

test("a change that no client received is seen after a while", async (t) => {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  let userIds = ["bob"];
  serveRpc(bus, messagesRpc.contacts, async () => ({ userIds }));
  const lookup = async (asked: string[]) => asked.map(online);
  const contacts = createOnlineContacts(bus, { lookup }, { contactsMs: 20, onlineMs: 5 });
  t.equal((await contacts.of("ann")).users.length, 1);
  userIds = ["bob", "cat"];
  await eventually(async () => (await contacts.of("ann")).users.length === 2);
});

test("answers take no more memory than allowed, and the least recently used go first", async (t) => {
  let asked = 0;
  const ask = async (userId: string) => {
    asked += 1;
    return { userId };
  };
  // What the cache itself needs for a user counts too.
  const answers = createUserCache({ load: ask, ttlMs: 3_600_000, sizeOf: () => 40, maxBytes: 1_200 });
  for (const userId of ["a", "b", "c", "c", "b"]) t.same(await answers.get(userId), { userId });
  t.equal(asked, 3);
  await answers.get("a");
  t.equal(asked, 4, "two fit");
  const huge = createUserCache({ load: ask, ttlMs: 3_600_000, sizeOf: () => 601, maxBytes: 1_100 });
  for (let n = 0; n < 2; n++) t.same(await huge.get("a"), { userId: "a" });
  t.equal(asked, 6, "an answer larger than the limit is not cached");
});

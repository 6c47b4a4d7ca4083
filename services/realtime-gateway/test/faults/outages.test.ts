// What still works, and what is refused at once, while Postgres, NATS or Redis is down; and that all of it heals.

import { type DistributedSystem, startDistributed } from "@khui/test-kit/distributed";
import { fetchRoom } from "@khui/test-kit/fetch-room";
import { Follower } from "@khui/test-kit/follower";
import { eventually, groupRoom, type Reply, type User, useSystem } from "@khui/test-kit/system";
import { type Test, test } from "tap";

const { POSTGRES_URL, NATS_URL, REDIS_URL } = process.env;
const skip = POSTGRES_URL || NATS_URL || REDIS_URL ? "servers of the environment are not ours to end" : false;
/** A few seconds are promised; a busy machine may stretch them. Whoever hangs takes longer. */
const atOnceMs = 20_000;
const timeoutMs = 60_000;

/** The answers, and how long the slowest took. */
async function answersOf(requests: Readonly<Record<string, () => Promise<Reply>>>) {
  const answers: Record<string, string> = {};
  let slowest = 0;
  for (const [name, request] of Object.entries(requests)) {
    const began = performance.now();
    const { status, body } = await request();
    slowest = Math.max(slowest, performance.now() - began);
    answers[name] = `${status} ${body.code ?? ""}`.trim();
  }
  return { answers, slowest };
}

const each = (names: readonly string[], answer: string) => Object.fromEntries(names.map((name) => [name, answer]));

/** Changes of messages that Alice may make. */
function writesOf(alice: User, roomId: string, [kept, gone]: readonly [string, string], round: string) {
  return {
    send: () => alice.post(`/rooms/${roomId}/messages`, { content: `sent ${round}`, clientMessageId: round }),
    edit: () => alice.put(`/messages/${kept}`, { content: `edited ${round}` }),
    react: () => alice.post(`/messages/${kept}/reactions`, { emoji: "👍" }),
    forward: () => alice.post(`/messages/${kept}/forward`, { chatRoomIds: [roomId], clientMessageId: `f ${round}` }),
    read: () => alice.post(`/rooms/${roomId}/read`),
    delete: () => alice.delete(`/messages/${gone}`, { deleteFor: "everyone" }),
  };
}

async function sent(user: User, roomId: string, content: string): Promise<string> {
  return (await user.post(`/rooms/${roomId}/messages`, { content })).body.data._id;
}

async function setUp(t: Test, system: DistributedSystem) {
  const people = await useSystem(t, system);
  const [alice, bob] = [people.newUser("Alice"), people.newUser("Bob")];
  const roomId = await groupRoom(alice, [bob]);
  const follower = new Follower(bob, system.url, "default");
  follower.line.open();
  t.teardown(() => follower.line.close());
  await follower.enter(roomId);
  const messages = [await sent(alice, roomId, "kept"), await sent(alice, roomId, "to be deleted")] as const;
  const [here, there] = [await alice.connect(), await bob.connect()];
  for (const client of [here, there]) await client.join(roomId);
  /** Bob's other device knows what a fresh fetch says, and was told so without a fault. */
  const bobKnows = () =>
    eventually(async () => {
      await follower.reread(roomId);
      follower.model.expectEqual(await fetchRoom(bob, roomId));
    }, timeoutMs);
  const online = async () => {
    const answer = await there.ask("get_online_users");
    return answer.success ? (answer.data as { userId: string }[]).map(({ userId }) => userId) : answer.code;
  };
  return { people, alice, bob, roomId, messages, here, there, follower, bobKnows, online };
}

test("outages", { skip, timeout: 240_000 }, async (t) => {
  const system = await startDistributed();
  t.teardown(() => system.stop());

  await t.test("Postgres down: writes are refused at once; typing and presence go on", async (t) => {
    const { alice, bob, roomId, messages, here, there, follower, bobKnows, online } = await setUp(t, system);
    await eventually(async () => (await online()).includes(alice.id), timeoutMs);
    await system.backends.kill("postgres");
    const changes = {
      ...writesOf(alice, roomId, messages, "without Postgres"),
      "create a room": () => alice.post("/rooms", { type: "private", participants: [bob.id] }),
      "join a room": () => bob.post(`/rooms/${roomId}/join`),
      rename: () => alice.put(`/rooms/${roomId}/settings`, { name: "Another" }),
      "leave a room": () => bob.post(`/rooms/${roomId}/leave`),
    };
    for (const time of ["first", "second"]) {
      const { answers, slowest } = await answersOf(changes);
      t.same(answers, each(Object.keys(changes), "503 service_unavailable"), `each is a 503, the ${time} time`);
      t.ok(slowest < atOnceMs, `at once (${Math.round(slowest)} ms)`);
    }
    const bySocket = await here.ask("send_message", { chatRoomId: roomId, type: "text", content: "by socket" });
    t.match(bySocket, { success: false, code: "service_unavailable" });

    here.socket.emit("typing_start", { chatRoomId: roomId });
    await there.next("user_typing", ({ userId }) => userId === alice.id);
    t.same(await here.ask("update_status", { status: "away" }), {
      success: true,
      data: { userId: alice.id, status: "away" },
    });
    await there.next("user_status_updated", ({ userId, status }) => userId === alice.id && status === "away");
    here.close();
    await eventually(() => there.count("user_offline", ({ userId }) => userId === alice.id) > 0, timeoutMs);
    t.pass("her leaving is told");
    const comings = () => there.count("user_online", ({ userId }) => userId === alice.id);
    const before = comings();
    const again = await alice.connect();
    t.pass("she can sign in");

    await system.backends.restart("postgres");
    await eventually(() => comings() > before, timeoutMs);
    t.pass("that she came is told once her rooms are known");
    await eventually(async () => (await changes.send()).status === 201, timeoutMs);
    await again.join(roomId);
    t.same(await online(), [alice.id]);
    await bobKnows();
    const texts = follower.model.messages(roomId).map(({ content }) => content);
    t.same(
      texts.filter((text) => text !== null),
      ["kept", "to be deleted", "sent without Postgres"],
    );
    t.same(follower.violations, []);
  });

  await t.test("NATS down: what is written is stored, and told when it is back", async (t) => {
    const { alice, roomId, messages, there, follower, bobKnows } = await setUp(t, system);
    await system.backends.kill("nats");
    const writes = writesOf(alice, roomId, messages, "without NATS");
    const { answers, slowest } = await answersOf(writes);
    const { send, forward, ...others } = answers;
    t.same([send, forward], ["201", "201"]);
    t.same(others, each(Object.keys(others), "200"), "each is done");
    t.ok(slowest < atOnceMs, `at once (${Math.round(slowest)} ms)`);
    const renamed = await answersOf({ rename: () => alice.put(`/rooms/${roomId}/settings`, { name: "Another" }) });
    t.same(renamed.answers, { rename: "503 service_unavailable" }, "what needs another service is a 503");
    t.ok(renamed.slowest < atOnceMs, `at once (${Math.round(renamed.slowest)} ms)`);
    t.equal(
      there.count("new_message", ({ message }) => message.content === "sent without NATS"),
      0,
    );

    await system.backends.restart("nats");
    await eventually(
      () => there.count("new_message", ({ message }) => message.content === "sent without NATS") === 1,
      timeoutMs,
    );
    await bobKnows();
    const content = new Map(follower.model.messages(roomId).map((message) => [message._id, message.content]));
    t.same(
      messages.map((id) => content.get(id)),
      ["edited without NATS", null],
    );
    t.same(follower.violations, []);
    t.equal(there.count("message_edited"), 1);
    t.equal(there.count("message_deleted"), 1);
    t.equal(there.count("reaction_updated"), 1);
  });

  await t.test("Redis down: messages flow; presence says that it cannot tell, and heals", async (t) => {
    const { people, alice, roomId, messages, here, there, follower, bobKnows, online } = await setUp(t, system);
    await eventually(async () => (await online()).includes(alice.id), timeoutMs);
    await system.backends.kill("redis");
    const { answers, slowest } = await answersOf(writesOf(alice, roomId, messages, "without Redis"));
    t.notOk(
      Object.values(answers).some((answer) => !/^20[01]$/.test(answer)),
      "each is done",
    );
    t.ok(slowest < atOnceMs, `at once (${Math.round(slowest)} ms)`);
    await there.next("new_message", ({ message }) => message.content === "sent without Redis");
    const answered = await here.ask("send_message", { chatRoomId: roomId, type: "text", content: "by socket" });
    t.equal(answered.success, true);
    await there.next("new_message", ({ message }) => message.content === "by socket");
    // What has just been asked is still known for a moment.
    await eventually(async () => (await online()) === "service_unavailable", timeoutMs);
    const carol = people.newUser("Carol");
    const late = await carol.connect();
    t.equal((await carol.post(`/rooms/${roomId}/join`)).status, 200, "one can join");
    await late.join(roomId);
    await here.next("user_joined_chat", ({ userId }) => userId === carol.id);
    here.close();

    await system.backends.restart("redis");
    await eventually(async () => [await online()].flat().join() === carol.id, timeoutMs);
    t.pass("who came is online, and who went is not");
    await bobKnows();
    t.same(follower.violations, []);
  });
});

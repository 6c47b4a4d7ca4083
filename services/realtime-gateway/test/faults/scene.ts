// Rooms under load in the distributed form, and clients of every transport that must miss nothing of them.
import { setTimeout as sleep } from "node:timers/promises";
import { type DistributedSystem, startDistributed } from "@khui/test-kit/distributed";
import { fetchMessages, fetchRoom } from "@khui/test-kit/fetch-room";
import { Follower } from "@khui/test-kit/follower";
import { socketIoKinds as kinds, type SocketIoKind } from "@khui/test-kit/socketio-line";
import { eventually, groupRoom, type User, useSystem } from "@khui/test-kit/system";
import type { Test } from "tap";

const roomCount = 3;
const senderCount = 6;
const sendsPerSecond = 30;
const mostOfAKind = 20;
/** Takes twenty seconds at most on an idle machine. */
const returnMs = 60_000;
const sendMs = 60_000;

/** Messages sent over REST at a steady rate, each until it is acknowledged. */
export interface Load {
  /** Requests so far, repeated ones among them, of which some failed. */
  readonly tries: number;
  readonly failures: number;
  /** Ends when all that was begun is acknowledged; resolves with all, by their content, and what was refused. */
  finish(): Promise<{ acknowledged: ReadonlyMap<string, string>; refused: readonly string[] }>;
}

export interface Scene {
  readonly system: DistributedSystem;
  /** Of each kind at least one on each gateway. */
  readonly followers: readonly Follower[];
  readonly load: Load;
  /** Resolves when this many more sends were tried. */
  moreTries(count: number): Promise<void>;
  /** Resolves when every follower is where the predicate wants it; says how long each kind took. */
  allBack(where?: (follower: Follower) => boolean): Promise<void>;
  /** Ends the load, and holds what each follower has against a fresh fetch and against what was acknowledged. */
  expectNothingMissed(): Promise<void>;
}

/** The instance id of the gateway at this address, with which the ids of its sessions begin. */
export async function instanceIdOf(gateway: string): Promise<string | undefined> {
  const opened = await fetch(`${gateway}/socket.io/?EIO=4&transport=polling`);
  return /"sid":"(\w+)\./.exec(await opened.text())?.[1];
}

/** Starts everything. It is stopped with the test, which may take the rest of its file's time. */
export async function startScene(t: Test): Promise<Scene> {
  const system = await startDistributed();
  t.teardown(() => system.stop());
  const people = await useSystem(t, system);
  const followers: Follower[] = [];
  for (const kind of kinds) {
    const ofKind: typeof followers = [];
    const held = () => new Set(ofKind.map(({ line }) => line.gateway)).size;
    while ((ofKind.length < 3 || held() < 2) && ofKind.length < mostOfAKind) {
      ofKind.push(await connectFollower(t, kind, people.newUser(), system.url));
      // The edge takes turns, so that those of an even number of requests each would all come to the same gateway.
      if (held() < 2 && Math.random() < 0.5) await fetch(`${system.url}/socket.io/`);
    }
    t.equal(held(), 2, `clients of ${kind} are on both gateways`);
    followers.push(...ofKind);
  }
  const senders = Array.from({ length: senderCount }, () => people.newUser());
  const [first, ...others] = [...senders, ...followers.map(({ user }) => user)] as [User, ...User[]];
  const roomIds = await Promise.all(Array.from({ length: roomCount }, () => groupRoom(first, others)));
  await Promise.all(
    followers.map(async (follower) => {
      for (const roomId of roomIds) await follower.enter(roomId);
    }),
  );
  const load = startLoad(t, senders, roomIds);

  const moreTries = async (count: number): Promise<void> => {
    const enough = load.tries + count;
    await eventually(() => load.tries >= enough, sendMs);
  };

  const allBack: Scene["allBack"] = async (where = () => true) => {
    const since = performance.now();
    const waits = kinds.map(async (kind) => {
      const ofKind = followers.filter((follower) => follower.kind === kind);
      await eventually(() => ofKind.every((follower) => follower.isBack && where(follower)), returnMs);
      t.pass(`${kind} is back (${Math.round(performance.now() - since)} ms)`);
    });
    await Promise.all(waits);
  };

  return {
    system,
    followers,
    load,
    moreTries,
    allBack,
    async expectNothingMissed() {
      await moreTries(sendsPerSecond);
      const { acknowledged, refused } = await load.finish();
      t.comment(`${acknowledged.size} messages, ${load.failures} of ${load.tries} requests failed`);
      t.strictSame(refused, [], "nothing was refused");
      const fetched = await Promise.all(roomIds.map((roomId) => fetchMessages(first, roomId)));
      const sent = fetched.flatMap(({ messages }) => messages.filter(({ type }) => type === "text"));
      t.strictSame(
        sent.map(({ content, _id }) => `${content} ${_id}`).sort(),
        [...acknowledged].map(([content, id]) => `${content} ${id}`).sort(),
        "the rooms hold what was acknowledged, each message once",
      );
      await allBack();
      await Promise.all(followers.map((follower) => expectAllKnown(t, follower)));
      await expectOnline(t, people.newUser(), followers, roomIds);
    },
  };
}

async function connectFollower(t: Test, kind: SocketIoKind, user: User, url: string): Promise<Follower> {
  const follower = new Follower(user, url, kind);
  t.teardown(() => follower.line.close());
  follower.line.open();
  await eventually(() => follower.isBack, returnMs);
  return follower;
}

/** It was sent every entry once and in order, so its model of its rooms equals a fresh fetch. */
export async function expectAllKnown(t: Test, follower: Follower): Promise<void> {
  const { kind, user, model, violations, rooms } = follower;
  let difference = "";
  const check = async (): Promise<void> => {
    for (const roomId of rooms) {
      await follower.reread(roomId);
      const fetched = await fetchRoom(user, roomId);
      model.learnNames(roomId, fetched.messages);
      model.expectEqual(fetched);
    }
  };
  await eventually(check, returnMs).catch((error: unknown) => {
    difference = String(error);
  });
  t.strictSame(
    { violations, difference },
    { violations: [], difference: "" },
    `${kind} ${user.id}: all of it, once, in order`,
  );
}

export function startLoad(t: Test, senders: readonly User[], roomIds: readonly string[]): Load {
  const acknowledged = new Map<string, string>();
  const refused: string[] = [];
  let [tries, failures] = [0, 0];
  let state: "running" | "finishing" | "given up" = "running";

  async function send(sender: User, roomId: string, content: string): Promise<void> {
    while (state !== "given up") {
      tries += 1;
      const reply = await sender
        .post(`/rooms/${roomId}/messages`, { content, clientMessageId: content })
        .catch(() => null);
      if (reply?.body.success) {
        acknowledged.set(content, reply.body.data._id);
        return;
      }
      failures += 1;
      if (reply && reply.status < 500 && reply.status !== 429) {
        refused.push(`${content}: ${reply.status} ${reply.body.code}`);
        return;
      }
      await sleep(100);
    }
  }

  const running = senders.map(async (sender, index) => {
    for (let n = 0; state === "running"; n += 1) {
      const due = sleep((1000 * senders.length) / sendsPerSecond);
      await send(sender, roomIds[n % roomIds.length]!, `${index}-${n}`);
      await due;
    }
  });
  t.teardown(async () => {
    state = "given up";
    await Promise.all(running);
  });
  return {
    get tries() {
      return tries;
    },
    get failures() {
      return failures;
    },
    async finish() {
      state = "finishing";
      await Promise.all(running);
      return { acknowledged, refused };
    },
  };
}

/** All followers are online, and once their sockets are closed, none. */
async function expectOnline(t: Test, watcher: User, followers: readonly Follower[], roomIds: readonly string[]) {
  await watcher.post(`/rooms/${roomIds[0]}/join`);
  const client = await watcher.connect();
  const online = async () => {
    const answer = await client.ask("get_online_users");
    const users = answer.success ? (answer.data as { userId: string }[]) : [];
    return users.map(({ userId }) => userId).filter((userId) => userId !== watcher.id);
  };
  await eventually(async () => (await online()).length === followers.length, returnMs);
  t.strictSame((await online()).sort(), followers.map(({ user }) => user.id).sort(), "all of them are online");
  for (const { line } of followers) line.close();
  const since = performance.now();
  let left: string[] = [];
  await eventually(async () => {
    const still = await online();
    left = followers.filter(({ user }) => still.includes(user.id)).map(({ kind, user }) => `${kind} ${user.id}`);
    return left.length === 0;
  }, returnMs).catch(() => {});
  t.strictSame(left, [], `none is once its socket is closed (${Math.round(performance.now() - since)} ms)`);
}

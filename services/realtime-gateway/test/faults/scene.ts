// Rooms under load in the distributed form, and clients of every transport that must miss nothing of them.
import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "tap";
import { type DistributedSystem, startDistributed } from "../../../../packages/test-kit/src/distributed.js";
import { type Client, eventually, groupRoom, type User, useSystem } from "../../../../packages/test-kit/src/system.js";

/** socket.io-client's own; its default is polling first, then an upgrade. */
const transports = { polling: ["polling"], default: ["polling", "websocket"], websocket: ["websocket"] };
export type Kind = keyof typeof transports;
export const kinds = Object.keys(transports) as Kind[];

const roomCount = 3;
const senderCount = 6;
const sendsPerSecond = 30;
const mostOfAKind = 20;
/** A poll that died unseen is found out by the missing ping: 25 s until it is due and 20 s more. */
const returnMs = 60_000;
const sendMs = 60_000;

interface Followed {
  /** The head when it first joined. */
  readonly from: number;
  seq: number;
  /** As `describe` gives them. */
  readonly messages: string[];
}

/** A client with its own reconnection on that joins again with what it has, see docs/flows/resuming.md. */
export interface Follower {
  readonly kind: Kind;
  readonly user: User;
  readonly client: Client;
  /** The run of a gateway that holds it; undefined while it is not connected. */
  gateway(): string | undefined;
  /** Connected, and in all rooms. */
  isBack(): boolean;
  readonly rooms: ReadonlyMap<string, Followed>;
  /** What was not the very next entry of its room. */
  readonly faults: readonly string[];
}

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

const boot = (client: Client): string | undefined =>
  client.socket.connected ? client.socket.io.engine.id.split(".")[0] : undefined;

/** The name of the run of a gateway that answers at this address, as the ids of its sessions begin. */
export async function runOf(gateway: string): Promise<string | undefined> {
  const opened = await fetch(`${gateway}/socket.io/?EIO=4&transport=polling`);
  return /"sid":"(\w+)\./.exec(await opened.text())?.[1];
}

const describe = (message: { _id: string; seq: number; content: unknown }): string =>
  `${message.seq} ${message._id} ${message.content}`;

/** Starts everything. It is ended with the test, which needs the rest of its file's time. */
export async function startScene(t: Test): Promise<Scene> {
  const system = await startDistributed();
  t.teardown(() => system.stop());
  const people = await useSystem(t, system);
  const followers: Awaited<ReturnType<typeof connectFollower>>[] = [];
  for (const kind of kinds) {
    const ofKind: typeof followers = [];
    const held = () => new Set(ofKind.map((follower) => follower.gateway())).size;
    while ((ofKind.length < 3 || held() < 2) && ofKind.length < mostOfAKind) {
      ofKind.push(await connectFollower(kind, people.newUser()));
      // The edge takes turns, so that those of an even number of requests each would all come to the same gateway.
      if (held() < 2 && Math.random() < 0.5) await fetch(`${system.url}/socket.io/`);
    }
    t.equal(held(), 2, `clients of ${kind} are on both gateways`);
    followers.push(...ofKind);
  }
  const senders = Array.from({ length: senderCount }, () => people.newUser());
  const [first, ...others] = [...senders, ...followers.map(({ user }) => user)] as [User, ...User[]];
  const roomIds = await Promise.all(Array.from({ length: roomCount }, () => groupRoom(first, others)));
  await Promise.all(followers.map((follower) => follower.follow(roomIds)));
  const load = startLoad(t, senders, roomIds);

  const moreTries = async (count: number): Promise<void> => {
    const enough = load.tries + count;
    await eventually(() => load.tries >= enough, sendMs);
  };

  const allBack: Scene["allBack"] = async (where = () => true) => {
    const since = performance.now();
    const waits = kinds.map(async (kind) => {
      const ofKind = followers.filter((follower) => follower.kind === kind);
      await eventually(() => ofKind.every((follower) => follower.isBack() && where(follower)), returnMs);
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
      const fetched = await Promise.all(roomIds.map((roomId) => fetchAll(first, roomId)));
      t.strictSame(
        fetched.flatMap(({ sent }) => sent.map(({ content, _id }) => `${content} ${_id}`)).sort(),
        [...acknowledged].map(([content, id]) => `${content} ${id}`).sort(),
        "the rooms hold what was acknowledged, each message once",
      );
      await allBack();
      const caughtUp = (follower: Follower) =>
        fetched.every(({ roomId, seq }) => (follower.rooms.get(roomId)?.seq ?? 0) >= seq);
      await eventually(() => followers.every(caughtUp), returnMs).catch(() => {});
      for (const { kind, user, faults, rooms } of followers) {
        const seen = fetched.map(({ roomId }) => rooms.get(roomId)!);
        const due = fetched.map(({ sent, seq }, index) => {
          const { from } = seen[index]!;
          return { from, seq, messages: sent.filter((message) => message.seq > from).map(describe) };
        });
        t.strictSame({ faults, seen }, { faults: [], seen: due }, `${kind} ${user.id}: all of it, each once, in order`);
      }
      await expectOnline(t, people.newUser(), followers, roomIds);
    },
  };
}

async function connectFollower(kind: Kind, user: User) {
  const rooms = new Map<string, Followed>();
  const faults: string[] = [];
  /** The connection on which it has joined all rooms. */
  let resumedOn: string | undefined;
  const client = await user.connect({
    transports: transports[kind],
    reconnectionDelay: 100,
    reconnectionDelayMax: 500,
  });
  const { socket } = client;
  const gateway = () => boot(client);

  socket.onAny(
    (event: string, payload: { chatRoomId?: string; seq?: number; message?: Parameters<typeof describe>[0] }) => {
      const room = rooms.get(payload.chatRoomId ?? "");
      if (!room || payload.seq === undefined || event === "chat_updated") return;
      const expected = event === "joined_chat" ? room.seq : room.seq + 1;
      if (payload.seq !== expected || event === "resync_required")
        faults.push(`${event} ${payload.seq} at ${room.seq}`);
      room.seq = payload.seq;
      if (event === "new_message" && payload.message) room.messages.push(describe(payload.message));
    },
  );

  /** A refusal while the system is short of a part is temporary: asks again as long as this connection lasts. */
  async function join(roomId: string, connection: string | undefined): Promise<void> {
    while (socket.connected && socket.id === connection) {
      const answer = await client
        .ask("join_chat", { chatRoomId: roomId, lastSeq: rooms.get(roomId)?.seq })
        .catch(() => null);
      if (answer?.success) return;
      if (answer?.code === "unauthorized")
        await client.ask("authenticate", { token: user.token, userId: user.id }).catch(() => null);
      await sleep(100);
    }
  }

  async function resume(): Promise<void> {
    const connection = socket.id;
    await Promise.all([...rooms.keys()].map((roomId) => join(roomId, connection)));
    if (socket.connected && socket.id === connection) resumedOn = connection;
  }

  // Registered after the one that authenticates, so that it asks in this order.
  socket.on("connect", () => void resume());
  return {
    kind,
    user,
    client,
    gateway,
    isBack: () => socket.connected && socket.id === resumedOn,
    rooms,
    faults,
    async follow(roomIds: readonly string[]): Promise<void> {
      for (const roomId of roomIds) {
        const { seq } = await client.join(roomId);
        rooms.set(roomId, { from: seq, seq, messages: [] });
      }
      resumedOn = socket.id;
    },
  };
}

function startLoad(t: Test, senders: readonly User[], roomIds: readonly string[]): Load {
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

/** What was sent in a room, as REST tells it afresh, and the room's head. */
async function fetchAll(user: User, roomId: string) {
  const sent: { _id: string; seq: number; content: unknown }[] = [];
  for (let afterSeq = 0; ; ) {
    const { body } = await user.get(`/rooms/${roomId}/messages?limit=100&afterSeq=${afterSeq}`);
    sent.push(...body.messages.filter(({ type }) => type === "text"));
    if (!body.hasMore) return { roomId, sent, seq: body.seq };
    afterSeq = body.messages.at(-1)!.seq;
  }
}

/** The system counts all followers as there, and once their sockets are closed, none. */
async function expectOnline(t: Test, watcher: User, followers: readonly Follower[], roomIds: readonly string[]) {
  await watcher.post(`/rooms/${roomIds[0]}/join`);
  const client = await watcher.connect();
  const online = async () => {
    const answer = await client.ask("get_online_users");
    const users = answer.success ? (answer.data as { userId: string }[]) : [];
    return users.map(({ userId }) => userId).filter((userId) => userId !== watcher.id);
  };
  await eventually(async () => (await online()).length === followers.length);
  t.strictSame((await online()).sort(), followers.map(({ user }) => user.id).sort(), "all of them are online");
  for (const { client } of followers) client.close();
  const since = performance.now();
  let left: string[] = [];
  await eventually(async () => {
    const still = await online();
    left = followers.filter(({ user }) => still.includes(user.id)).map(({ kind, user }) => `${kind} ${user.id}`);
    return left.length === 0;
  }, returnMs).catch(() => {});
  t.strictSame(left, [], `none is once its socket is closed (${Math.round(performance.now() - since)} ms)`);
}

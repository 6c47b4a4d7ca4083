// The contenders: our gateways, socket.io with its Redis adapter, and a bare loop of writes, all on the same servers.
import { randomBytes } from "node:crypto";
import { type Backends, startBackends } from "@khui/backends/backends";
import type { Memberships } from "@khui/test-kit/room-logs";
import type { Place, Steps } from "./crowd-process.js";
import { makePeople } from "./people.js";
import type { PublisherPlan } from "./publishers.js";
import { type ServerProcess, startServer } from "./server-process.js";
import { builtService, profiling } from "./system.js";

export const contenderKinds = ["ours", "peer", "floor"] as const;
export type ContenderKind = (typeof contenderKinds)[number];

export interface Contender {
  readonly kind: ContenderKind;
  /** One a replica. */
  readonly servers: readonly ServerProcess[];
  /** How messages are published to the sockets of all replicas. */
  publisher(places: readonly Place[]): PublisherPlan;
  /** The events that authenticate the `n`-th user's socket, and that join it to a room. */
  signIn(n: number): Steps;
  join(roomId: string): Steps[number];
  userId(n: number): string;
  stop(): Promise<void>;
}

export interface ContenderOptions {
  readonly replicas: number;
  /** Memory is read after a full garbage collection. */
  readonly collect?: boolean;
  /** Where gateways write their CPU profiles. */
  readonly profile?: string | undefined;
}

/** Compiled programs, so that the cost of a loader is not measured. */
const built = (file: string): URL => new URL(`../dist/${file}`, import.meta.url);
const maxUsers = 20_001;

export const startLiveBackends = (): Promise<Backends> => startBackends(["nats", "redis"]);

export async function startContender(
  kind: ContenderKind,
  backends: Backends,
  options: ContenderOptions,
): Promise<Contender> {
  const { natsUrl = "", redisUrl = "" } = backends;
  const secret = randomBytes(32).toString("hex");
  const program = {
    ours: builtService("realtime-gateway"),
    peer: built("peer-server.js"),
    floor: built("floor-server.js"),
  }[kind];
  const plan = {
    name: kind,
    program,
    environment: kind === "ours" ? gatewayEnvironment(natsUrl, redisUrl, secret) : { REDIS_URL: redisUrl },
    nodeOptions: [
      `--import=${built("server-probe.js")}`,
      ...(options.collect ? ["--expose-gc"] : []),
      ...profiling(kind === "ours" ? options.profile : undefined),
    ],
  };
  const servers: ServerProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    while (servers.length < options.replicas) servers.push(await startServer(plan));
  } catch (error) {
    await stop();
    throw error;
  }
  const urls = servers.map(({ url }) => url);
  const entering = kind === "ours" ? members(secret) : { signIn: (): Steps => [], userId: String };
  return {
    kind,
    servers,
    publisher: (places) =>
      kind === "ours"
        ? { kind: "log", natsUrl, memberships: membershipsOf(places) }
        : // The adapter forwards what one replica emits; a bare loop has no adapter.
          { kind: "emit", urls: kind === "peer" ? urls.slice(0, 1) : urls },
    ...entering,
    join: (roomId) => (kind === "ours" ? ["join_chat", { chatRoomId: roomId }] : ["join", roomId]),
    stop,
  };
}

/** Every user authenticates with a token of their own. */
function members(secret: string): Pick<Contender, "signIn" | "userId"> {
  const { ids, tokens } = makePeople(secret, maxUsers, "bench");
  return { signIn: (n) => [["authenticate", { token: tokens[n] }]], userId: (n) => ids[n]! };
}

function gatewayEnvironment(natsUrl: string, redisUrl: string, secret: string): Record<string, string> {
  return {
    NATS_URL: natsUrl,
    REDIS_URL: redisUrl,
    JWT_SECRET: secret,
    LIMIT_PER_USER: "1000000000",
    LIMIT_PER_ADDRESS: "1000000000",
    MAX_HANDSHAKES_PER_SECOND: "1000000",
    MAX_HANDSHAKES_PER_ADDRESS: "1000000",
    LOG_LEVEL: "warn",
    NODE_ENV: "production",
  };
}

/** Places of users `from` to `to`, alternating between the contender's replicas, in the room that `roomOf` gives them. */
export function placesOf(
  contender: Contender,
  [from, to]: readonly [number, number],
  roomOf: (n: number) => string,
): Place[] {
  return Array.from({ length: to - from }, (_, i) => {
    const n = from + i;
    const { url } = contender.servers[n % contender.servers.length]!;
    const [roomId, userId] = [roomOf(n), contender.userId(n)];
    return { url, steps: [...contender.signIn(n), contender.join(roomId)], roomId, userId };
  });
}

function membershipsOf(places: readonly Place[]): Memberships {
  const memberships: Record<string, string[]> = {};
  for (const { roomId, userId } of places) {
    memberships[roomId] ??= [];
    memberships[roomId].push(userId);
  }
  return memberships;
}

// The servers that a herd comes back to, and how its sockets sign in and join: ours, socket.io and Centrifugo.
import { socketIoPath } from "../live-socket.js";
import { startServer } from "../server-process.js";
import type { BenchSystem } from "../system.js";
import { startCentrifugo } from "./centrifugo.js";
import type { Visitor } from "./herd-tasks.js";

export interface Rival {
  readonly name: string;
  /** Its own processes, by name, and the programs of the servers that it needs. */
  readonly pids: Readonly<Record<string, number>>;
  readonly backends: readonly string[];
  /** How long it counts a user as there who has gone. */
  readonly graceMs: number;
  /** The socket of the person with that token, which signs in and then joins the room. */
  visitor(token: string): Omit<Visitor, "address">;
  readonly url: string;
  readonly path: string;
}

const socketIo = { path: socketIoPath, heartbeat: ["2", "3"] } as const;
const packet = (id: number, ...event: unknown[]): string => `42${id}${JSON.stringify(event)}`;

/** `lastSeq`: what a socket that was there before has of the room; none for one that comes for the first time. */
export function ours({ urls, pids }: BenchSystem, roomId: string, lastSeq?: number): Rival {
  const place = { chatRoomId: roomId, ...(lastSeq === undefined ? {} : { lastSeq }) };
  return {
    name: lastSeq === undefined ? "ours" : "ours, with lastSeq",
    pids,
    backends: ["postgres", "nats-server", "redis-server"],
    // The gateway's grace period, and the renewal after it.
    graceMs: 12_000,
    url: urls["realtime-gateway"],
    path: socketIo.path,
    visitor: (token) => ourVisitor(token, [place]),
  };
}

/** A socket of ours, which joins those rooms one after the other. */
export function ourVisitor(
  token: string,
  rooms: ReadonlyArray<{ readonly chatRoomId: string; readonly lastSeq?: number }>,
): Omit<Visitor, "address"> {
  return {
    heartbeat: socketIo.heartbeat,
    refusal: "43",
    signIn: [
      { send: "", expect: "0" },
      { send: "40", expect: "40" },
      { send: packet(1, "authenticate", { token }), expect: '431[{"success":true' },
    ],
    join: rooms.map((room, n) => ({ send: packet(n + 2, "join_chat", room), expect: `43${n + 2}[{"success":true` })),
  };
}

export async function peer(system: BenchSystem, roomId: string): Promise<Rival & { stop(): Promise<void> }> {
  const server = await startServer({
    name: "socket.io",
    program: new URL("../peer-server.js", import.meta.url),
    environment: { REDIS_URL: system.redisUrl, JWT_SECRET: system.secret },
  });
  return {
    name: "socket.io",
    pids: { "socket.io": server.pid },
    backends: ["redis-server"],
    graceMs: 0,
    url: server.url,
    path: socketIo.path,
    visitor: (token) => ({
      heartbeat: socketIo.heartbeat,
      refusal: "44",
      signIn: [
        { send: "", expect: "0" },
        { send: `40${JSON.stringify({ token })}`, expect: "40" },
      ],
      join: [{ send: packet(2, "join", roomId), expect: "432" }],
    }),
    stop: server.stop,
  };
}

/** `binary`: where Centrifugo is. */
export async function centrifugo(
  binary: string,
  { secret }: BenchSystem,
  channel: string,
): Promise<Rival & { stop(): Promise<void> }> {
  const { url, pid, stop } = await startCentrifugo(binary, secret);
  return {
    name: "Centrifugo",
    pids: { centrifugo: pid },
    backends: [],
    graceMs: 0,
    url,
    path: "/connection/websocket",
    visitor: (token) => ({
      heartbeat: ["{}", "{}"],
      refusal: '{"id":',
      signIn: [{ send: JSON.stringify({ id: 1, connect: { token } }), expect: '{"id":1,"connect":' }],
      join: [{ send: JSON.stringify({ id: 2, subscribe: { channel } }), expect: '{"id":2,"subscribe":' }],
    }),
    stop,
  };
}

/** One socket for each token, split over so many processes, each with a loopback address of its own. */
export function visitorsOf(rival: Rival, tokens: readonly string[], processes: number): Visitor[][] {
  return Array.from({ length: processes }, (_, p) => {
    const address = { url: rival.url, path: rival.path, from: `127.0.0.${p + 2}` };
    return tokens.filter((_, n) => n % processes === p).map((token) => ({ ...rival.visitor(token), address }));
  });
}

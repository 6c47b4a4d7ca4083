// What waits to be handled is bounded in bytes: of one client, of all clients of a user, and of one that has not authenticated.
import type { Socket } from "@khui/socketio";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { Client } from "../src/connections/client.js";
import { bytesOf, maxWaitingBytes, mayWait } from "../src/connections/waiting.js";

/** Clients of one user, or of nobody. */
function clientsOf(userId: string | undefined, count: number) {
  const clients = Array.from({ length: count }, () => {
    const client = new Client({} as Socket, { language: "th", address: "127.0.0.1" }, 0, 1);
    if (userId)
      client.identity = { userId, name: undefined, avatar: undefined, admin: false, issuedAt: null, expiresAt: null };
    return client;
  });
  const users = { clientsOf: () => (userId ? clients : []) };
  const accepts = (client: Client, bytes: number, run = () => Promise.resolve()): boolean => {
    const accepted = mayWait(client, client.requests, bytes, users);
    if (accepted) client.requests.enqueue(bytes, run);
    return accepted;
  };
  /** How many requests of that size are accepted while the first is in flight, and what ends that one. */
  const fill = (client: Client, bytes: number) => {
    let finish = () => {};
    accepts(client, bytes, () => new Promise((resolve) => (finish = resolve)));
    let waiting = 0;
    while (accepts(client, bytes)) waiting += 1;
    return { waiting, finish };
  };
  return { clients, accepts, fill };
}

const kib = 1024;

test("a client may have so many bytes waiting beside the request in flight, and again once they are handled", async (t) => {
  const { clients, accepts, fill } = clientsOf("a", 1);
  const [client] = clients as [Client];
  const { waiting, finish } = fill(client, 20 * kib);
  t.equal(waiting, Math.floor(maxWaitingBytes.perClient / (20 * kib)));
  t.notOk(accepts(client, 20 * kib));
  finish();
  await until("everything is handled", () => !client.requests.busy);
  t.equal(client.waitingBytes, 0);
  t.ok(accepts(client, maxWaitingBytes.perClient + 1), "one that need not wait is handled, whatever its size");
});

test("all clients of a user share a budget", async (t) => {
  const { clients, fill } = clientsOf("a", 8);
  const all = clients.map((client) => fill(client, 10 * kib).waiting);
  t.ok(all.reduce((sum, count) => sum + count, 0) * 10 * kib <= maxWaitingBytes.perUser);
  t.equal(all.at(-1), 0);
});

test("before it has authenticated, a client may have what follows its authenticate", async (t) => {
  const { clients, fill } = clientsOf(undefined, 2);
  for (const client of clients) {
    const { waiting } = fill(client, bytesOf({ chatRoomId: "0123456789abcdef01234567", content: "ก".repeat(10_000) }));
    t.equal(waiting, 2, "two of the largest messages");
  }
  const [client] = clientsOf(undefined, 1).clients as [Client];
  t.ok(
    clientsOf(undefined, 0).fill(client, bytesOf({ chatRoomId: "0123456789abcdef01234567" })).waiting >= 200,
    "joins",
  );
});

test("what a request takes covers what it holds", async (t) => {
  const rooms = Array.from({ length: 500 }, (_, n) => ({ chatRoomId: n.toString(16).padStart(24, "0"), lastSeq: n }));
  for (const payload of [
    { chatRoomId: "0123456789abcdef01234567" },
    { content: "ก".repeat(10_000) },
    { rooms },
    undefined,
  ]) {
    t.ok(bytesOf(payload) >= Buffer.byteLength(JSON.stringify(payload) ?? ""), JSON.stringify(payload)?.slice(0, 60));
  }
});

// The system under test, and its users. User ids are random, so that all tests can run on one system at once.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createSigner } from "fast-jwt";
import { connectClient } from "./client.js";
import { startEmbedded } from "./embedded.js";
import type { TestFile } from "./test-file.js";
import { createUser, type User } from "./user.js";

export { type Client, type JoinedChat, type Payload, type Received, recordingClient } from "./client.js";
export type { Answer, Reply, User } from "./user.js";

export interface System {
  readonly url: string;
  /** A user of a fresh random id. `claims` are added to the token, for example `{ scope: "chat:admin" }`. */
  newUser(name?: string, claims?: Record<string, unknown>): User;
  /** A token with just these claims, good for an hour by default; a negative time makes one that has expired. */
  sign(claims: Record<string, unknown>, expiresInSeconds?: number): string;
}

/** The URL of a system, and the secret that signs its tokens (HS256). */
export interface SystemAddress {
  readonly url: string;
  readonly secret: string;
}

/** The part of tap's test that a system and its users need. */
interface SystemTest extends TestFile {
  fail(message: string): unknown;
}

/**
 * The system whose URL and secret are in KHUI_TEST_URL and KHUI_TEST_SECRET; without these, a standalone process
 * (built output, data in a fresh folder) that is stopped with `t`: pass the file's root `t`, once. All sockets are
 * closed with `t` too, and an event that breaks its schema fails it. `own` is a system that the test started itself.
 */
export async function useSystem(t: SystemTest, own?: SystemAddress): Promise<System> {
  const { url, secret } = own ?? (await systemOf(t));
  const closers = new Set<() => void>();
  t.teardown(() => {
    for (const close of closers) close();
  });
  const sign: System["sign"] = (claims, expiresInSeconds = 3600) => {
    const iat = Math.floor(Date.now() / 1000);
    return createSigner({ key: secret, algorithm: "HS256" })({ iat, exp: iat + expiresInSeconds, ...claims });
  };
  return {
    url,
    sign,
    newUser(name, claims = {}) {
      const id = `user-${randomBytes(8).toString("hex")}`;
      const shown = name ?? `Name of ${id}`;
      const token = sign({ sub: id, name: shown, ...claims });
      return createUser(url, { id, name: shown, token }, async (connect = {}) => {
        const onViolation = (violation: string) => t.fail(violation);
        const client = await connectClient({ url, userId: id, token, connect, onViolation });
        closers.add(client.close);
        return client;
      });
    },
  };
}

async function systemOf(t: TestFile): Promise<SystemAddress> {
  const { KHUI_TEST_URL: url, KHUI_TEST_SECRET: secret } = process.env;
  if (url && secret) return { url, secret };
  const system = await startEmbedded();
  t.teardown(() => system.stop());
  return system;
}

/** The id of the private room of two people. */
export async function privateRoom(a: User, b: User): Promise<string> {
  return created(a, { type: "private", participants: [b.id] });
}

/** The id of a new group; `extra` are fields of the request, for example `settings`. */
export async function groupRoom(admin: User, others: User[], extra: Record<string, unknown> = {}): Promise<string> {
  const participants = others.map((user) => user.id);
  const activityId = randomBytes(8).toString("hex");
  return created(admin, { type: "group", name: "A group", activityId, participants, ...extra });
}

async function created(user: User, request: Record<string, unknown>): Promise<string> {
  const { status, body } = await user.post("/rooms", request);
  if (!body.success) throw new Error(`no room: ${status} ${JSON.stringify(body)}`);
  return body.chatRoom._id;
}

/** Retries every `pauseMs` until `check` neither throws nor returns false. Rejects with its last failure after the timeout. */
export async function eventually(check: () => unknown, timeoutMs = 30_000, pauseMs = 25): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      if ((await check()) !== false) return;
      if (Date.now() > deadline) throw new Error(`still false after ${timeoutMs} ms`);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await sleep(pauseMs);
  }
}

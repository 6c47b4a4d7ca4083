// Presence in Redis, shared by all gateway processes of a deployment.
import { Redis } from "ioredis";
import { checkDuration, checkIds, checkStatus } from "./arguments.js";
import { type Presence, type PresenceState, PresenceUnavailable, type Transition } from "./index.js";
import { type ScriptName, scripts } from "./scripts.js";

// Redis answers nobody else during a script: a slice takes it 1 to 6 ms, a full gateway's 50,000 users would take a second.
const sliceSize = 250;

type Argument = string | number;
type Scripted = Redis & Record<ScriptName, (...args: Argument[]) => Promise<unknown>>;

/**
 * Presence kept in one Redis (6 or newer; not a cluster: the scripts touch several keys).
 *
 * Answers at once and connects by itself, again and again. Calls wait for the first attempt to connect; from then on, a call
 * made while Redis is away rejects at once, and one that Redis does not answer rejects after 2 s. Nothing is queued or sent a
 * second time, so no stale change is applied when Redis comes back.
 *
 * @param prefix what all keys begin with, "khui:presence:" by default
 * @param onError called with every connection error; calls that fail also reject
 */
export function connectRedisPresence({
  url,
  prefix = "khui:presence:",
  onError,
}: {
  url: string;
  prefix?: string;
  onError: (error: Error) => void;
}): Presence {
  const redis = new Redis(url, {
    scripts,
    lazyConnect: true,
    // One command fewer that a user of its own must be allowed.
    disableClientInfo: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
    // A peer that vanished without closing is only noticed by its silence.
    socketTimeout: 4_000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
    // After a failover the old primary stays reachable but refuses writes.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
  }) as Scripted;
  redis.on("error", onError);
  const firstAttempt = redis.connect().catch(() => undefined);

  const run = async (name: ScriptName, ...args: Argument[]): Promise<unknown> => {
    await firstAttempt;
    try {
      return await redis[name](prefix, ...args);
    } catch (cause) {
      throw new PresenceUnavailable("the presence store did not answer", { cause });
    }
  };
  const list = async (name: ScriptName, ...args: Argument[]) => strings(await run(name, ...args));

  return {
    async renew(instanceId, leaseMs) {
      checkIds("instance", [instanceId]);
      checkDuration(leaseMs);
      return { known: (await run("presence_renew", instanceId, leaseMs)) === 1 };
    },

    async connect(instanceId, users) {
      checkIds("instance", [instanceId]);
      for (const { userId, status } of users) {
        checkIds("user", [userId]);
        if (status !== undefined) checkStatus(status);
      }
      const transitions: Transition[] = [];
      for (const slice of slices(users)) {
        const pairs = slice.flatMap(({ userId, status }) => [userId, status ?? ""]);
        transitions.push(...transitionsOf(await list("presence_connect", instanceId, ...pairs)));
      }
      return transitions;
    },

    async disconnect(instanceId, userIds) {
      checkIds("instance", [instanceId]);
      checkIds("user", userIds);
      const transitions: Transition[] = [];
      for (const slice of slices(userIds)) {
        transitions.push(...transitionsOf(await list("presence_disconnect", instanceId, ...slice)));
      }
      return transitions;
    },

    async setStatus(userId, status) {
      checkIds("user", [userId]);
      checkStatus(status);
      return transitionsOf(await list("presence_setStatus", userId, status))[0]!;
    },

    async lookup(userIds) {
      checkIds("user", userIds);
      const states: PresenceState[] = [];
      for (const slice of slices(userIds)) {
        const answer = await list("presence_lookup", ...slice);
        for (const [i, userId] of slice.entries()) {
          const seen = answer[2 * i + 1];
          const lastSeen = seen ? new Date(Number(seen)).toISOString() : null;
          states.push({ userId, status: answer[2 * i] as PresenceState["status"], lastSeen });
        }
      }
      return states;
    },

    async reap() {
      const transitions: Transition[] = [];
      try {
        for (;;) {
          const [found, ...changes] = await list("presence_drain", sliceSize);
          if (found !== "some") return transitions;
          transitions.push(...transitionsOf(changes));
        }
      } catch (error) {
        if (transitions.length === 0) throw error;
        // Nobody else will be given these.
        return transitions;
      }
    },

    async startTyping(roomId, userId, ttlMs) {
      checkIds("room", [roomId]);
      checkIds("user", [userId]);
      checkDuration(ttlMs);
      return { fresh: (await run("presence_startTyping", roomId, userId, ttlMs)) === 1 };
    },

    async stopTyping(roomId, userId) {
      checkIds("room", [roomId]);
      checkIds("user", [userId]);
      return { was: (await run("presence_stopTyping", roomId, userId)) === 1 };
    },

    async typing(roomId) {
      checkIds("room", [roomId]);
      return list("presence_typing", roomId);
    },

    async ping() {
      await firstAttempt;
      await redis.ping();
    },

    async close() {
      if (redis.status === "ready") await redis.quit().catch(() => undefined);
      redis.disconnect();
    },
  };
}

function* slices<T>(items: readonly T[]): Generator<T[]> {
  const copy = [...items];
  for (let start = 0; start < copy.length; start += sliceSize) yield copy.slice(start, start + sliceSize);
}

function strings(reply: unknown): string[] {
  if (!Array.isArray(reply)) throw new Error("Redis answered a presence script with something other than a list");
  return reply.map(String);
}

// A flat list, since nested ones cost Redis and the parser more: user, before, after in turn.
function transitionsOf(flat: string[]): Transition[] {
  const transitions: Transition[] = [];
  for (let i = 0; i + 2 < flat.length; i += 3) {
    const [userId, before, after] = flat.slice(i, i + 3) as [string, Transition["before"], Transition["after"]];
    transitions.push({ userId, before, after });
  }
  return transitions;
}

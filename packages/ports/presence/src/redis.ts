// Presence in Redis, shared by all gateway processes of a deployment.
import { Redis } from "ioredis";
import { checkChoice, checkDuration, checkIds } from "./arguments.js";
import {
  type Connected,
  type Moment,
  type Presence,
  type PresenceState,
  PresenceUnavailable,
  type Told,
  type Transition,
} from "./index.js";
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
      for (const { userId, choice } of users) {
        checkIds("user", [userId]);
        if (choice) checkChoice(choice);
      }
      const connected: Connected[] = [];
      for (const slice of slices(users)) {
        const given = slice.flatMap(({ userId, choice }) => [userId, choice?.status ?? "", choice?.revision ?? ""]);
        connected.push(...connectedOf(await list("presence_connect", instanceId, ...given)));
      }
      return connected;
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

    async setStatus(userId, choice) {
      checkIds("user", [userId]);
      checkChoice(choice);
      return transitionsOf(await list("presence_setStatus", userId, choice.status, choice.revision))[0]!;
    },

    async lookup(userIds) {
      checkIds("user", userIds);
      const states: PresenceState[] = [];
      for (const slice of slices(userIds)) {
        const [epoch, at, ...answer] = await list("presence_lookup", ...slice);
        for (const [i, userId] of slice.entries()) {
          const seen = answer[2 * i + 1];
          const lastSeen = seen ? new Date(Number(seen)).toISOString() : null;
          states.push({
            userId,
            status: answer[2 * i] as PresenceState["status"],
            lastSeen,
            moment: momentOf(epoch, at),
          });
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

    async startTyping(instanceId, roomId, userId, ttlMs) {
      checkIds("instance", [instanceId]);
      checkIds("room", [roomId]);
      checkIds("user", [userId]);
      checkDuration(ttlMs);
      const [isVisible, epoch, at] = await list("presence_startTyping", instanceId, roomId, userId, ttlMs);
      return { isVisible: isVisible === "1", moment: momentOf(epoch, at) };
    },

    async stopTyping(roomId, userId, instanceId) {
      if (instanceId !== undefined) checkIds("instance", [instanceId]);
      checkIds("room", [roomId]);
      checkIds("user", [userId]);
      const [ended, epoch, at] = await list("presence_stopTyping", roomId, userId, instanceId ?? "");
      return { ended: ended === "1", moment: momentOf(epoch, at) };
    },

    async typing(roomId) {
      checkIds("room", [roomId]);
      return list("presence_typing", roomId);
    },

    async setOpen(instanceId, changes) {
      checkIds("instance", [instanceId]);
      for (const { roomId, userId } of changes) {
        checkIds("room", [roomId]);
        checkIds("user", [userId]);
      }
      const told: Array<Told & { changed: boolean }> = [];
      for (const slice of slices(changes)) {
        const given = slice.flatMap(({ roomId, userId, isOpen }) => [roomId, userId, isOpen ? "1" : ""]);
        const [epoch, at, ...answer] = await list("presence_setOpen", instanceId, ...given);
        for (let i = 0; i + 1 < answer.length; i += 2) {
          told.push({ isVisible: answer[i] === "1", changed: answer[i + 1] === "1", moment: momentOf(epoch, at) });
        }
      }
      return told;
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

const momentOf = (epoch = "", at = ""): Moment => ({ epoch, at: Number(at) });

function connectedOf(flat: string[]): Connected[] {
  const connected: Connected[] = [];
  for (let i = 0; i + 3 < flat.length; i += 4) {
    connected.push({ ...transitionsOf(flat.slice(i, i + 3))[0]!, known: flat[i + 3] === "1" });
  }
  return connected;
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

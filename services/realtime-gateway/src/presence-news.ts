// Tells those who share a room with a user that they came, went or changed their status; later again, where not all could be told.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { encodeWire, type LiveHeader, messagesRpc, subjects } from "@khui/contracts";
import type { Presence, PresenceState, Status, Transition } from "@khui/presence";

export type SeenStatus = "online" | "away" | "busy" | "offline";

/** `invisible` looks like offline. */
export const seenAs = (status: Status | "offline"): SeenStatus => (status === "invisible" ? "offline" : status);

export interface PresenceNews {
  /**
   * Publishes, in the user's small rooms, how a user stands whom others saw change. Not at once: a few users at a time, each in
   * the order of their changes, as they stand when it is their turn. While messages-api cannot say which rooms these are, in
   * those that their sockets here have open: the others hear of it by `retell`.
   */
  tell(transitions: readonly Transition[]): void;
  /** These may have changed, which the store did not answer: `retell` tells how they stand. */
  doubt(userIds: Iterable<string>): void;
  /** Tells how those stand now of whom not all rooms have heard. */
  retell(): void;
  /** Resolves when nobody waits to be told of. */
  told(): Promise<void>;
}

export interface PresenceNewsOptions {
  readonly bus: Bus;
  readonly presence: Pick<Presence, "lookup">;
  /** Small rooms that a user's sockets here have open, or had when they left. */
  readonly openRoomsOf: (userId: string) => readonly string[];
  readonly onError: (error: unknown) => void;
}

/** Users told of at once: when a gateway dies or Redis comes back empty, there are thousands. */
const roundSize = 16;
/** A round takes as long as its slowest question. */
const askTimeoutMs = 2_000;
/** After a failure nobody is asked for so long: what is due would wait as long for each round. */
const backOffMs = 1_000;

export function createPresenceNews({ bus, presence, openRoomsOf, onError }: PresenceNewsOptions): PresenceNews {
  /** Users to be told of, the first to change first, and whether they only changed their status. */
  const waiting = new Map<string, boolean>();
  const untold = new Set<string>();
  let askAgainAt = 0;
  let telling: Promise<void> | undefined;

  async function audienceOf(userId: string): Promise<readonly string[]> {
    if (Date.now() >= askAgainAt) {
      try {
        return (await call(bus, messagesRpc.audience, { userId }, { timeoutMs: askTimeoutMs })).roomIds;
      } catch (error) {
        askAgainAt = Date.now() + backOffMs;
        onError(error);
      }
    }
    untold.add(userId);
    return openRoomsOf(userId);
  }

  function publish(user: PresenceState, roomIds: readonly string[], statusOnly: boolean): void {
    const { userId, lastSeen } = user;
    const status = seenAs(user.status);
    const event = status === "offline" ? "user_offline" : statusOnly ? "user_status_updated" : "user_online";
    const payload = status === "offline" ? { userId, lastSeen } : { userId, status };
    const header: LiveHeader = { event, except: userId, once: crypto.randomUUID() };
    const data = encodeWire(header, JSON.stringify(payload));
    for (const roomId of roomIds) bus.publish(subjects.roomLive(roomId), data);
  }

  /** Users may have changed again since, also at another gateway that has told it: the store is asked last. */
  async function tellOf(round: ReadonlyMap<string, boolean>): Promise<void> {
    const userIds = [...round.keys()];
    const audiences = await Promise.all(userIds.map(audienceOf));
    const states = await presence.lookup(userIds);
    for (const [n, state] of states.entries()) publish(state, audiences[n]!, round.get(state.userId)!);
  }

  async function tellAll(): Promise<void> {
    while (waiting.size > 0) {
      const round = takeRound();
      try {
        await tellOf(round);
      } catch (error) {
        // The store cannot say how the others stand either.
        for (const userId of [...round.keys(), ...waiting.keys()]) untold.add(userId);
        waiting.clear();
        onError(error);
      }
    }
    telling = undefined;
  }

  function takeRound(): Map<string, boolean> {
    const round = new Map<string, boolean>();
    for (const [userId, statusOnly] of waiting) {
      if (round.size === roundSize) break;
      round.set(userId, statusOnly);
      waiting.delete(userId);
    }
    return round;
  }

  function start(): void {
    if (waiting.size > 0) telling ??= tellAll();
  }

  return {
    tell(transitions) {
      for (const { userId, ...transition } of transitions) {
        const [before, after] = [seenAs(transition.before), seenAs(transition.after)];
        if (before === after) continue;
        const statusOnly = before !== "offline" && after !== "offline";
        waiting.set(userId, statusOnly && waiting.get(userId) !== false);
      }
      start();
    },
    doubt(userIds) {
      for (const userId of userIds) untold.add(userId);
    },
    retell() {
      for (const userId of untold) waiting.set(userId, false);
      untold.clear();
      start();
    },
    told: async () => telling,
  };
}

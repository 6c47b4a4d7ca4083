// Tells those who share a room with a user that they came, went or changed their status; later again, where not all could be told.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { encodeWire, messagesRpc, type ServerEventName, subjects } from "@khui/contracts";
import type { Presence, Status, Transition } from "@khui/presence";

export type SeenStatus = "online" | "away" | "busy" | "offline";

/** `invisible` looks like offline. */
export const seenAs = (status: Status | "offline"): SeenStatus => (status === "invisible" ? "offline" : status);

export interface PresenceNews {
  /**
   * Publishes each change that others can see in the user's small rooms. While messages-api cannot say which these are, in
   * those that their sockets here have open: the others hear of it by `retell`. Never rejects.
   */
  tell(transitions: readonly Transition[]): Promise<void>;
  /** Tells how those stand now of whom not all rooms have heard. Rejects when the store does not answer. */
  retell(): Promise<void>;
}

export interface PresenceNewsOptions {
  readonly bus: Bus;
  readonly presence: Pick<Presence, "lookup">;
  /** Small rooms that a user's sockets here have open, or had when they left. */
  readonly openRoomsOf: (userId: string) => readonly string[];
  readonly onError: (error: unknown) => void;
}

/** Well below a gateway's lease, which must be renewed meanwhile. */
const askTimeoutMs = 2_000;
/** After a failure nobody is asked for so long: what is due would wait as long for each user. */
const backOffMs = 1_000;

export function createPresenceNews({ bus, presence, openRoomsOf, onError }: PresenceNewsOptions): PresenceNews {
  const untold = new Set<string>();
  let askAgainAt = 0;

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

  async function publish(userId: string, event: ServerEventName, payload: object): Promise<void> {
    const roomIds = await audienceOf(userId);
    const data = encodeWire({ event, except: userId, once: crypto.randomUUID() }, JSON.stringify(payload));
    for (const roomId of roomIds) bus.publish(subjects.roomLive(roomId), data);
  }

  return {
    async tell(transitions) {
      for (const { userId, ...transition } of transitions) {
        const [before, status] = [seenAs(transition.before), seenAs(transition.after)];
        if (before === status) continue;
        if (status === "offline") await publish(userId, "user_offline", { userId, lastSeen: new Date().toISOString() });
        else await publish(userId, before === "offline" ? "user_online" : "user_status_updated", { userId, status });
      }
    },
    async retell() {
      if (untold.size === 0) return;
      const states = await presence.lookup([...untold]);
      untold.clear();
      for (const { userId, lastSeen, ...state } of states) {
        const status = seenAs(state.status);
        if (status === "offline") await publish(userId, "user_offline", { userId, lastSeen });
        else await publish(userId, "user_online", { userId, status });
      }
    },
  };
}

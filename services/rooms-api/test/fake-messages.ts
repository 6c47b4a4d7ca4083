// A messages-api that applies changes as the real one does, fails for chosen rooms, and does nothing else.
import type { Bus } from "@khui/bus";
import { serveRpc } from "@khui/bus/rpc";
import { ChatError, messagesRpc, type RoomChange } from "@khui/contracts";

export interface FakeMessages {
  /** Changes applied, by room and in order. */
  readonly applied: ReadonlyMap<string, readonly RoomChange[]>;
  /** How often a change was delivered, applied before or not. */
  readonly deliveries: number;
  /** From now on the last change that it knows of a room is this one, as after a restore from a backup. */
  restore(roomId: string, changeNo: number): void;
}

/** `lastChange` is the number of the last change of a room that was applied before. */
export function fakeMessages(
  bus: Bus,
  failing: ReadonlySet<string> = new Set(),
  lastChange: (roomId: string) => number = () => 0,
): FakeMessages {
  const applied = new Map<string, RoomChange[]>();
  const numbers = new Map<string, number>();
  let deliveries = 0;
  serveRpc(bus, messagesRpc.applyRoomChange, async ({ roomId, changeNo, change }) => {
    deliveries += 1;
    if (failing.has(roomId)) throw new ChatError("service_unavailable");
    const changes = applied.get(roomId) ?? [];
    applied.set(roomId, changes);
    const last = numbers.get(roomId) ?? lastChange(roomId);
    const begins = change.kind === "projected" && change.after === null;
    if (begins ? changeNo <= last : changeNo !== last + 1) return { applied: last };
    changes.push(change);
    numbers.set(roomId, changeNo);
    return { applied: changeNo };
  });
  serveRpc(bus, messagesRpc.describeRoom, async ({ roomId }) => activityOf(roomId));
  return {
    applied,
    restore: (roomId, changeNo) => void numbers.set(roomId, changeNo),
    get deliveries() {
      return deliveries;
    },
  };
}

/** A quota check that lets everybody create rooms. */
export const allowAll = async (): Promise<void> => {};

/** What the real one answers for a room without messages. */
export const activityOf = (roomId: string) => ({
  roomId,
  participants: [],
  participantCount: 0,
  lastMessage: null,
  lastMessageTime: null,
  messageCount: 0,
  unreadCount: 0,
  seq: 0,
});

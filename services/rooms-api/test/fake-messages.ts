// A messages-api that takes changes as the real one does but for rooms that it fails on, and knows nothing else.
import type { Bus } from "@khui/bus";
import { serveRpc } from "@khui/bus/rpc";
import { ChatError, messagesRpc, type RoomChange } from "@khui/contracts";

export interface FakeMessages {
  /** By room, in the order in which they came. */
  readonly taken: ReadonlyMap<string, readonly RoomChange[]>;
  /** How often a change was handed over, taken before or not. */
  readonly asked: number;
}

/** `lastChange` is the number of the last change of a room that was taken before. */
export function fakeMessages(
  bus: Bus,
  failing: ReadonlySet<string> = new Set(),
  lastChange: (roomId: string) => number = () => 0,
): FakeMessages {
  const taken = new Map<string, RoomChange[]>();
  let asked = 0;
  serveRpc(bus, messagesRpc.applyRoomChange, async ({ roomId, changeNo, change }) => {
    asked += 1;
    if (failing.has(roomId)) throw new ChatError("service_unavailable");
    const changes = taken.get(roomId) ?? [];
    taken.set(roomId, changes);
    const last = lastChange(roomId);
    if (changeNo === last + changes.length + 1) changes.push(change);
    return { applied: last + changes.length };
  });
  serveRpc(bus, messagesRpc.describeRoom, async ({ roomId }) => activityOf(roomId));
  return {
    taken,
    get asked() {
      return asked;
    },
  };
}

/** Lets everybody make rooms. */
export const admit = async (): Promise<void> => {};

/** What the real one tells of a room in which nothing was said. */
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

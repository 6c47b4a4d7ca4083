// Asks messages-api for the rooms of users who have connected: for many in one question, one question at a time, until it answers.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { messagesRpc, type RpcAnswer } from "@khui/contracts";

export type ListedRoom = RpcAnswer<typeof messagesRpc.roomLists>["rooms"][number];

export interface RoomListLoader {
  /** The user's rooms are needed. */
  add(userId: string): void;
  /** The user is gone. */
  remove(userId: string): void;
  close(): void;
}

export interface RoomListLoaderOptions {
  readonly bus: Bus;
  /** Rooms a user. */
  readonly maxRooms: number;
  /** The most recently active room comes first. */
  readonly onLoaded: (userId: string, rooms: readonly ListedRoom[]) => void;
  /** It is asked again. */
  readonly onError: (error: unknown) => void;
}

/** Bounds one question, whose answer is the larger the more rooms a user has. */
const maxUsers = 100;
const maxRoomsInAll = 5_000;
/** Between two questions. */
const intervalMs = 100;
/** The pause after a failure doubles with each. */
const minPauseMs = 250;
const maxPauseMs = 10_000;

/**
 * One question at a time is the low priority of room lists: when thousands reconnect together, messages-api answers their joins in
 * between.
 */
export function createRoomListLoader({ bus, maxRooms, onLoaded, onError }: RoomListLoaderOptions): RoomListLoader {
  const mostAtOnce = Math.max(1, Math.min(maxUsers, Math.floor(maxRoomsInAll / maxRooms)));
  /** Halved by a failure, so that a user whose rooms cannot be read soon fails alone. */
  let atOnce = mostAtOnce;
  let failures = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  const waiting = new Set<string>();
  const asked = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const backOffMs = () => Math.min(maxPauseMs, minPauseMs * 2 ** (failures - 1)) * (0.5 + Math.random());

  function schedule(): void {
    if (closed || timer || asked.size > 0 || waiting.size === 0) return;
    const pauseMs = failures === 0 ? Math.max(0, lastAt + intervalMs - performance.now()) : backOffMs();
    timer = setTimeout(() => void load(), pauseMs);
  }

  async function load(): Promise<void> {
    timer = undefined;
    // They have gone meanwhile.
    if (waiting.size === 0) return;
    lastAt = performance.now();
    const userIds = [...waiting].slice(0, atOnce);
    for (const userId of userIds) {
      waiting.delete(userId);
      asked.add(userId);
    }
    try {
      const { rooms, lists } = await call(bus, messagesRpc.roomLists, { userIds, limit: maxRooms });
      failures = 0;
      atOnce = Math.min(mostAtOnce, 2 * atOnce);
      for (const [n, list] of lists.entries()) {
        const userId = userIds[n];
        if (userId !== undefined && asked.delete(userId))
          onLoaded(
            userId,
            list.flatMap((place) => rooms[place] ?? []),
          );
      }
    } catch (error) {
      failures++;
      atOnce = Math.ceil(atOnce / 2);
      if (!closed) onError(error);
    }
    for (const userId of asked) waiting.add(userId);
    asked.clear();
    schedule();
  }

  return {
    add(userId) {
      waiting.add(userId);
      schedule();
    },
    remove(userId) {
      waiting.delete(userId);
      asked.delete(userId);
    },
    close() {
      closed = true;
      clearTimeout(timer);
      waiting.clear();
      asked.clear();
    },
  };
}

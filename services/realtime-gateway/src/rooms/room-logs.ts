// The logs of rooms as the bus brings them: one subscription a room, however many parts of this gateway listen.
import type { Bus, Subscription } from "@khui/bus";
import { decodeWire, type EntryHeader, type LogEntry, subjects } from "@khui/contracts";

type EntryListener = (entry: LogEntry) => void;

export interface RoomLogs {
  /**
   * Calls `onEntry` with each entry as it arrives: perhaps out of order, twice or not at all. Nothing published after
   * `bus.flush()` is missed silently.
   */
  listen(roomId: string, onEntry: EntryListener): { stop(): void };
  /** Rooms that have listeners. */
  readonly size: number;
  close(): void;
}

interface SharedSubscription {
  readonly listeners: Set<EntryListener>;
  readonly subscription: Subscription;
}

export function createRoomLogs(bus: Bus): RoomLogs {
  const rooms = new Map<string, SharedSubscription>();

  function subscribe(roomId: string): SharedSubscription {
    const listeners = new Set<EntryListener>();
    const subscription = bus.subscribe(subjects.roomLog(roomId), ({ data }) => {
      const { header, body } = decodeWire<EntryHeader>(data);
      const entry = { ...header, body };
      for (const onEntry of listeners) onEntry(entry);
    });
    const shared = { listeners, subscription };
    rooms.set(roomId, shared);
    return shared;
  }

  return {
    listen(roomId, onEntry) {
      const shared = rooms.get(roomId) ?? subscribe(roomId);
      shared.listeners.add(onEntry);
      return {
        stop() {
          if (!shared.listeners.delete(onEntry) || shared.listeners.size > 0) return;
          shared.subscription.unsubscribe();
          if (rooms.get(roomId) === shared) rooms.delete(roomId);
        },
      };
    },
    get size() {
      return rooms.size;
    },
    close() {
      for (const { subscription } of rooms.values()) subscription.unsubscribe();
      rooms.clear();
    },
  };
}

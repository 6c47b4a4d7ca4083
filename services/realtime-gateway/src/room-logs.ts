// The logs of rooms as the bus brings them: one subscription a room, however many parts of this gateway listen.
import type { Bus, Subscription } from "@khui/bus";
import { decodeWire, type EntryHeader, type LogEntry, subjects } from "@khui/contracts";

export interface RoomLogs {
  /**
   * Calls `take` with each entry that comes in, in whatever order, perhaps twice. `ready` resolves when the subscription is
   * active: nothing published later is missed silently.
   */
  listen(roomId: string, take: (entry: LogEntry) => void): { readonly ready: Promise<void>; stop(): void };
  /** Rooms that are listened to. */
  readonly size: number;
  close(): void;
}

interface Heard {
  readonly listeners: Set<(entry: LogEntry) => void>;
  readonly subscription: Subscription;
  readonly ready: Promise<void>;
}

export function createRoomLogs(bus: Bus): RoomLogs {
  const rooms = new Map<string, Heard>();

  function open(roomId: string): Heard {
    const listeners = new Set<(entry: LogEntry) => void>();
    const subscription = bus.subscribe(subjects.roomLog(roomId), ({ data }) => {
      const { header, body } = decodeWire<EntryHeader>(data);
      const entry = { ...header, body };
      for (const take of listeners) take(entry);
    });
    const ready = bus.flush();
    // Reported by whoever waits for it.
    ready.catch(() => undefined);
    const heard = { listeners, subscription, ready };
    rooms.set(roomId, heard);
    return heard;
  }

  return {
    listen(roomId, take) {
      const heard = rooms.get(roomId) ?? open(roomId);
      heard.listeners.add(take);
      return {
        ready: heard.ready,
        stop() {
          if (!heard.listeners.delete(take) || heard.listeners.size > 0) return;
          heard.subscription.unsubscribe();
          if (rooms.get(roomId) === heard) rooms.delete(roomId);
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

// Rings the doorbell: publishes what was committed, for gateways that have sockets in the room.
import type { Bus } from "@khui/bus";
import { encodeWire, type LiveHeader, type LogEntry, subjects } from "@khui/contracts";

export interface Announcer {
  /** A committed log entry. Loss is harmless: gateways find the hole and ask. */
  entry(roomId: string, entry: LogEntry): void;
  /** A state of the room that is told once. */
  live(roomId: string, header: LiveHeader, payload: object): void;
  /** A user has come into a room: their devices' gateways watch it. */
  added(roomId: string, userIds: readonly string[]): void;
  /** For all devices of one user. */
  user(userId: string, event: string, payload: object): void;
}

/** Nothing here throws: what is committed is committed, whether the bus took its announcement or not. */
export function createAnnouncer(bus: Bus, onError: (error: unknown) => void): Announcer {
  const publish = (subject: string, data: Uint8Array) => {
    try {
      bus.publish(subject, data);
    } catch (error) {
      onError(error);
    }
  };
  return {
    entry(roomId, { body, ...header }) {
      publish(subjects.roomLog(roomId), encodeWire(header, body));
    },
    live(roomId, header, payload) {
      publish(subjects.roomLive(roomId), encodeWire(header, JSON.stringify(payload)));
    },
    added(roomId, userIds) {
      const data = encodeWire({ event: "", watch: roomId }, "{}");
      for (const userId of userIds) publish(subjects.userLive(userId), data);
    },
    user(userId, event, payload) {
      publish(subjects.userLive(userId), encodeWire({ event }, JSON.stringify(payload)));
    },
  };
}

// Publishes what was committed, for gateways that have sockets in the room.
import type { Bus } from "@khui/bus";
import { encodeWire, type LiveHeader, type LogEntry, subjects } from "@khui/contracts";

export interface Announcer {
  /** A committed log entry. Loss is harmless: gateways notice the gap and ask. */
  logEntry(roomId: string, entry: LogEntry): void;
  /** A state of the room, such as a read mark: published once, not in the log. */
  liveEvent(roomId: string, header: LiveHeader, payload: object): void;
  /** Users have come into a room: the gateways of their devices watch it from now on. */
  membersAdded(roomId: string, userIds: readonly string[]): void;
  /** For all devices of one user. */
  userEvent(userId: string, event: string, payload: object): void;
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
    logEntry(roomId, { body, ...header }) {
      publish(subjects.roomLog(roomId), encodeWire(header, body));
    },
    liveEvent(roomId, header, payload) {
      publish(subjects.roomLive(roomId), encodeWire(header, JSON.stringify(payload)));
    },
    membersAdded(roomId, userIds) {
      const data = encodeWire({ event: "", watch: roomId }, "{}");
      for (const userId of userIds) publish(subjects.userLive(userId), data);
    },
    userEvent(userId, event, payload) {
      publish(subjects.userLive(userId), encodeWire({ event }, JSON.stringify(payload)));
    },
  };
}

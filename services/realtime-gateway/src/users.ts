// This gateway's signed-in users: their sockets, and what concerns only them.
import type { Bus } from "@khui/bus";
import { decodeWire, type LiveHeader, subjects } from "@khui/contracts";
import { encodeEvent } from "@khui/socketio";
import type { Session } from "./session.js";

export interface Users {
  /** True when this is the user's first socket here. */
  add(session: Session, userId: string): boolean;
  /** True when it was the last one. */
  remove(session: Session, userId: string): boolean;
  has(userId: string): boolean;
  sessionsOf(userId: string): readonly Session[];
  ids(): string[];
  close(): void;
}

const none: readonly Session[] = [];

/**
 * `onAdded` is told of rooms that users have come into. All users share one subscription: such messages are rare, and a
 * subscription each would cost memory, and every replica of NATS a change whenever somebody comes or goes.
 */
export function createUsers(bus: Bus, onAdded: (userId: string, roomId: string) => void): Users {
  const users = new Map<string, readonly Session[]>();
  const sessionsOf = (userId: string) => users.get(userId) ?? none;

  const subscription = bus.subscribe(subjects.everyUserLive, ({ subject, data }) => {
    const userId = subjects.userOf(subject);
    const sessions = sessionsOf(userId);
    if (sessions.length === 0) return;
    const { header, body } = decodeWire<LiveHeader>(data);
    if (header.watch !== undefined) {
      onAdded(userId, header.watch);
      return;
    }
    const frame = encodeEvent(header.event, body);
    for (const session of sessions) session.socket.send(frame);
  });

  return {
    add(session, userId) {
      const sessions = sessionsOf(userId);
      users.set(userId, [...sessions, session]);
      return sessions.length === 0;
    },
    remove(session, userId) {
      const before = sessionsOf(userId);
      const after = before.filter((one) => one !== session);
      if (after.length > 0) users.set(userId, after);
      else users.delete(userId);
      return after.length === 0 && before.length > 0;
    },
    has: (userId) => users.has(userId),
    sessionsOf,
    ids: () => [...users.keys()],
    close() {
      subscription.unsubscribe();
      users.clear();
    },
  };
}

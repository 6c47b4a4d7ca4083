// This gateway's signed-in users: their sockets, and the subject that concerns only them.
import type { Bus, Subscription } from "@khui/bus";
import { decodeWire, type LiveHeader, subjects } from "@khui/contracts";
import { encodeEvent } from "@khui/socketio";
import type { Session } from "./session.js";

interface LocalUser {
  readonly sessions: Set<Session>;
  readonly subscription: Subscription;
}

export interface Users {
  /** True when this is the user's first socket here. */
  add(session: Session, userId: string): boolean;
  /** True when it was the last one. */
  remove(session: Session, userId: string): boolean;
  has(userId: string): boolean;
  sessionsOf(userId: string): ReadonlySet<Session>;
  ids(): string[];
  close(): void;
}

const none: ReadonlySet<Session> = new Set();

/** `onAdded` is told of rooms that users have come into. */
export function createUsers(bus: Bus, onAdded: (userId: string, roomId: string) => void): Users {
  const users = new Map<string, LocalUser>();

  function open(userId: string): LocalUser {
    const sessions = new Set<Session>();
    const subscription = bus.subscribe(subjects.userLive(userId), ({ data }) => {
      const { header, body } = decodeWire<LiveHeader>(data);
      if (header.watch !== undefined) {
        onAdded(userId, header.watch);
        return;
      }
      const frame = encodeEvent(header.event, body);
      for (const session of sessions) session.socket.send(frame);
    });
    const user = { sessions, subscription };
    users.set(userId, user);
    return user;
  }

  return {
    add(session, userId) {
      const user = users.get(userId) ?? open(userId);
      user.sessions.add(session);
      return user.sessions.size === 1;
    },
    remove(session, userId) {
      const user = users.get(userId);
      if (!user?.sessions.delete(session) || user.sessions.size > 0) return false;
      user.subscription.unsubscribe();
      users.delete(userId);
      return true;
    },
    has: (userId) => users.has(userId),
    sessionsOf: (userId) => users.get(userId)?.sessions ?? none,
    ids: () => [...users.keys()],
    close() {
      for (const { subscription } of users.values()) subscription.unsubscribe();
      users.clear();
    },
  };
}

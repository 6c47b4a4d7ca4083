// Which of a user's contacts are online: one cached answer a user, valid until a client of theirs receives a change.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { type EventPayload, messagesRpc, type serverEvents } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { type EncodedEvent, encodeEvent } from "@khui/socketio";
import { createUserCache } from "./user-cache.js";
import { visibleStatus } from "./visible-status.js";

type OnlineUsers = EventPayload<typeof serverEvents.online_users>;

export interface OnlineContacts {
  /**
   * Users who share a small room with this one and look online, also as the event for clients. Never older than the last change
   * that a client of the user's here received, and a few seconds at most. Throws service_unavailable.
   */
  of(userId: string): Promise<{ readonly users: OnlineUsers; readonly frame: EncodedEvent }>;
  /** A client of this user receives a change of somebody's status. */
  statusChanged(userId: string): void;
  /** The user, or somebody else in one of their rooms, has come into a room or left it. */
  contactsChanged(userId: string): void;
}

/** How long answers are cached where no client of the user's here receives the change, because none has joined the room. */
export interface ContactTimes {
  /** Who the contacts are. */
  readonly contactsMs: number;
  /** Which of them are online. */
  readonly onlineMs: number;
}

const defaultContactTimes: ContactTimes = { contactsMs: 5_000, onlineMs: 2_000 };

/** Memory of strings, objects and dates beside their characters, which take two bytes each at most. */
const idOverhead = 32;
const userOverhead = 200;

export function createOnlineContacts(
  bus: Bus,
  presence: Pick<Presence, "lookup">,
  { contactsMs, onlineMs }: ContactTimes = defaultContactTimes,
): OnlineContacts {
  const contacts = createUserCache({
    load: async (userId: string) => (await call(bus, messagesRpc.contacts, { userId })).userIds,
    ttlMs: contactsMs,
    sizeOf: (userIds) => userIds.reduce((bytes, id) => bytes + 2 * id.length + idOverhead, idOverhead),
  });
  const online = createUserCache({
    async load(userId: string) {
      const states = await presence.lookup(await contacts.get(userId));
      const users = states
        .map(({ userId, status, lastSeen }) => ({ userId, status: visibleStatus(status), lastSeen }))
        .filter(({ status }) => status !== "offline");
      const json = JSON.stringify(users);
      return { users, frame: encodeEvent("online_users", json), bytes: 6 * json.length + userOverhead * users.length };
    },
    ttlMs: onlineMs,
    sizeOf: ({ bytes }) => bytes,
  });
  return {
    of: online.get,
    statusChanged: online.invalidate,
    contactsChanged(userId) {
      contacts.invalidate(userId);
      online.invalidate(userId);
    },
  };
}

// Who of a person's contacts is online: put together once at a time a person, and kept until they are told of a change.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { type EventPayload, messagesRpc, type serverEvents } from "@khui/contracts";
import type { Presence } from "@khui/presence";
import { type EncodedEvent, encodeEvent } from "@khui/socketio";
import { seenAs } from "./presence-news.js";
import { createSharedAnswers } from "./shared-answers.js";

type OnlineUsers = EventPayload<typeof serverEvents.online_users>;

export interface OnlineContacts {
  /**
   * People who share a small room with the user and are seen online, also as the event for their sockets. Never older than the
   * last change that a socket of theirs here was told of, and a few seconds at most. Throws service_unavailable.
   */
  of(userId: string): Promise<{ readonly users: OnlineUsers; readonly frame: EncodedEvent }>;
  /** The user is told how somebody stands. */
  statusChanged(userId: string): void;
  /** Somebody, or the user, has come into a room of the user's or left it. */
  contactsChanged(userId: string): void;
}

/** How long answers are kept where no socket of the user's here is told of a change, since it has not joined the room. */
export interface ContactTimes {
  /** Who the contacts are. */
  readonly contactsMs: number;
  /** Who of them is online. */
  readonly onlineMs: number;
}

export const defaultContactTimes: ContactTimes = { contactsMs: 5_000, onlineMs: 2_000 };

/** What strings, objects and dates take beside their characters, which take two bytes each at most. */
const idOverhead = 32;
const userOverhead = 200;

export function createOnlineContacts(
  bus: Bus,
  presence: Pick<Presence, "lookup">,
  { contactsMs, onlineMs }: ContactTimes = defaultContactTimes,
): OnlineContacts {
  const contacts = createSharedAnswers({
    ask: async (userId: string) => (await call(bus, messagesRpc.contacts, { userId })).userIds,
    ttlMs: contactsMs,
    sizeOf: (userIds) => userIds.reduce((bytes, id) => bytes + 2 * id.length + idOverhead, idOverhead),
  });
  const online = createSharedAnswers({
    async ask(userId: string) {
      const states = await presence.lookup(await contacts.of(userId));
      const users = states
        .map(({ userId, status, lastSeen }) => ({ userId, status: seenAs(status), lastSeen }))
        .filter(({ status }) => status !== "offline");
      const json = JSON.stringify(users);
      return { users, frame: encodeEvent("online_users", json), bytes: 6 * json.length + userOverhead * users.length };
    },
    ttlMs: onlineMs,
    sizeOf: ({ bytes }) => bytes,
  });
  return {
    of: online.of,
    statusChanged: online.forget,
    contactsChanged(userId) {
      contacts.forget(userId);
      online.forget(userId);
    },
  };
}

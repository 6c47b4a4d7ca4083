// This gateway's authenticated users: their clients, and the events that are for one user alone.
import type { Bus } from "@khui/bus";
import { closeCodes, decodeWire, type LiveHeader, subjects } from "@khui/contracts";
import { type EncodedEvent, encodeEvent } from "@khui/socketio";
import type { Client } from "./client.js";

export interface Users {
  /** True when this is the user's first client here. Beyond the limit, their oldest client is closed. */
  add(client: Client, userId: string): boolean;
  /** True when it was the last one. */
  remove(client: Client, userId: string): boolean;
  has(userId: string): boolean;
  clientsOf(userId: string): readonly Client[];
  /** Keeps the events for a user from now on, whether they have clients here or not. */
  record(userId: string): UserRecording;
  /** Whether events for this user are of use here: they have clients, or are recorded. */
  listens(userId: string): boolean;
  ids(): string[];
  close(): void;
}

export interface UserRecording {
  /** The first thousand. */
  readonly events: readonly EncodedEvent[];
  stop(): void;
}

/** Each may have its send budget and requests waiting: with more of them one user could fill a gateway's memory. */
export const defaultMaxClientsPerUser = 10;
const none: readonly Client[] = [];
const maxRecordedEvents = 1_000;

/**
 * `onRoomAdded` is called when a user here has come into a room. All users share one subscription: such events are rare, and a
 * subscription each would cost memory, and every replica of NATS a change whenever somebody connects or disconnects.
 */
export function createUsers(
  bus: Bus,
  onRoomAdded: (userId: string, roomId: string) => void,
  maxClientsPerUser = defaultMaxClientsPerUser,
): Users {
  const users = new Map<string, readonly Client[]>();
  const clientsOf = (userId: string) => users.get(userId) ?? none;
  const recordings = new Map<string, Set<EncodedEvent[]>>();
  const listens = (userId: string) => users.has(userId) || recordings.has(userId);

  const subscription = bus.subscribe(subjects.everyUserLive, ({ subject, data }) => {
    const userId = subjects.userOf(subject);
    if (!listens(userId)) return;
    const { header, body } = decodeWire<LiveHeader>(data);
    if (header.watch !== undefined) {
      onRoomAdded(userId, header.watch);
      return;
    }
    const frame = encodeEvent(header.event, body);
    for (const client of clientsOf(userId)) client.socket.send(frame);
    for (const events of recordings.get(userId) ?? []) if (events.length < maxRecordedEvents) events.push(frame);
  });

  return {
    add(client, userId) {
      const clients = clientsOf(userId);
      users.set(userId, [...clients, client]);
      const { code, reason } = closeCodes.too_many_sockets;
      // Its close removes it.
      if (clients.length >= maxClientsPerUser) clients[0]?.socket.close(code, reason);
      return clients.length === 0;
    },
    remove(client, userId) {
      const before = clientsOf(userId);
      const after = before.filter((one) => one !== client);
      if (after.length > 0) users.set(userId, after);
      else users.delete(userId);
      return after.length === 0 && before.length > 0;
    },
    record(userId) {
      const events: EncodedEvent[] = [];
      const all = recordings.get(userId) ?? new Set();
      recordings.set(userId, all.add(events));
      return {
        events,
        stop() {
          all.delete(events);
          if (all.size === 0 && recordings.get(userId) === all) recordings.delete(userId);
        },
      };
    },
    has: (userId) => users.has(userId),
    clientsOf,
    listens,
    ids: () => [...users.keys()],
    close() {
      subscription.unsubscribe();
      users.clear();
    },
  };
}

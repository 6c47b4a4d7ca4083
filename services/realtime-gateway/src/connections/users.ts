// This gateway's authenticated users: their clients, and the events that are for one user alone.
import type { Bus } from "@khui/bus";
import { closeCodes, decodeWire, type LiveHeader, subjects } from "@khui/contracts";
import { encodeEvent } from "@khui/socketio";
import type { Client } from "./client.js";

export interface Users {
  /** True when this is the user's first client here. Beyond the limit, their oldest client is closed. */
  add(client: Client, userId: string): boolean;
  /** True when it was the last one. */
  remove(client: Client, userId: string): boolean;
  has(userId: string): boolean;
  clientsOf(userId: string): readonly Client[];
  ids(): string[];
  close(): void;
}

/** Each may have its send budget and requests waiting: with more of them one user could fill a gateway's memory. */
export const defaultMaxClientsPerUser = 10;
const none: readonly Client[] = [];

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

  const subscription = bus.subscribe(subjects.everyUserLive, ({ subject, data }) => {
    const userId = subjects.userOf(subject);
    const clients = clientsOf(userId);
    if (clients.length === 0) return;
    const { header, body } = decodeWire<LiveHeader>(data);
    if (header.watch !== undefined) {
      onRoomAdded(userId, header.watch);
      return;
    }
    const frame = encodeEvent(header.event, body);
    for (const client of clients) client.socket.send(frame);
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
    has: (userId) => users.has(userId),
    clientsOf,
    ids: () => [...users.keys()],
    close() {
      subscription.unsubscribe();
      users.clear();
    },
  };
}

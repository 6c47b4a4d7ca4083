// Live room lists: subscribes users to their recently active rooms, for clients that have not joined them. Best effort; joining is exact.
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { messagesRpc } from "@khui/contracts";
import type { Client } from "../connections/client.js";
import type { Users } from "../connections/users.js";
import type { RoomLogs } from "../rooms/room-logs.js";
import { createRoomListLoader } from "./room-list-loader.js";
import { RoomSubscription } from "./room-subscription.js";

export interface RoomListSubscriptions {
  /** The user's first client is here: subscribes them to their most recently active rooms. */
  userConnected(userId: string): void;
  /** A further client of a user is here. */
  clientConnected(client: Client): void;
  clientDisconnected(client: Client): void;
  /** The user's last client is gone. */
  userDisconnected(userId: string): void;
  /** The user has come into a room. */
  roomAdded(userId: string, roomId: string): void;
  /** The user is no longer in a room. */
  roomRemoved(userId: string, roomId: string): void;
  /** A client has joined a room, whose feed now sends it everything. */
  roomJoined(client: Client, roomId: string): void;
  /** A client has left a room that its user may still be in. */
  roomLeft(client: Client, roomId: string): void;
  close(): void;
}

export interface RoomListOptions {
  readonly bus: Bus;
  readonly logs: RoomLogs;
  readonly users: Pick<Users, "has" | "clientsOf">;
  /** Rooms a user; with 0 there are no live room lists. */
  readonly maxRooms: number;
  readonly onError: (error: unknown) => void;
}

interface OpenSubscription {
  readonly room: RoomSubscription;
  readonly stop: () => void;
}

export function createRoomListSubscriptions({
  bus,
  logs,
  users,
  maxRooms,
  onError,
}: RoomListOptions): RoomListSubscriptions {
  const subscriptions = new Map<string, OpenSubscription>();
  /** By user, the least recently active room first. */
  const roomsOf = new Map<string, Set<string>>();
  const loader = createRoomListLoader({
    bus,
    maxRooms,
    onLoaded(userId, rooms) {
      for (const { roomId, seq } of rooms.toReversed()) subscribe(userId, roomId, seq);
    },
    onError,
  });

  function open(roomId: string): OpenSubscription {
    const room = new RoomSubscription({
      roomId,
      membersAmong: async (userIds) => (await call(bus, messagesRpc.activeMembers, { roomId, userIds })).userIds,
      onLeft: (userId) => unsubscribe(userId, roomId),
      onError,
    });
    const { stop } = logs.listen(roomId, (entry) => room.receive(entry));
    const subscription = { room, stop };
    subscriptions.set(roomId, subscription);
    return subscription;
  }

  /** `seq` is the head of the room's log as of when the user was known to be in the room. */
  function subscribe(userId: string, roomId: string, seq?: number): void {
    const roomIds = roomsOf.get(userId) ?? new Set();
    roomsOf.set(userId, roomIds);
    const { room } = subscriptions.get(roomId) ?? open(roomId);
    if (!roomIds.delete(roomId)) room.userCount += 1;
    roomIds.add(roomId);
    room.memberAt(seq);
    for (const client of users.clientsOf(userId)) room.add(client);
    const [oldest] = roomIds;
    if (roomIds.size > maxRooms && oldest !== undefined) unsubscribe(userId, oldest);
  }

  function unsubscribe(userId: string, roomId: string): void {
    const subscription = subscriptions.get(roomId);
    if (!roomsOf.get(userId)?.delete(roomId) || !subscription) return;
    const { room, stop } = subscription;
    for (const client of users.clientsOf(userId)) room.clients.delete(client);
    room.userCount -= 1;
    if (room.userCount > 0) return;
    subscriptions.delete(roomId);
    stop();
  }

  const subscribedRoomsOf = (userId: string) =>
    [...(roomsOf.get(userId) ?? [])].flatMap((roomId) => subscriptions.get(roomId)?.room ?? []);

  return {
    userConnected(userId) {
      if (maxRooms > 0) loader.add(userId);
    },
    clientConnected(client) {
      for (const room of subscribedRoomsOf(client.userId)) room.add(client);
    },
    clientDisconnected(client) {
      for (const room of subscribedRoomsOf(client.userId)) room.clients.delete(client);
    },
    userDisconnected(userId) {
      loader.remove(userId);
      for (const roomId of [...(roomsOf.get(userId) ?? [])]) unsubscribe(userId, roomId);
      roomsOf.delete(userId);
    },
    roomAdded(userId, roomId) {
      if (maxRooms > 0 && users.has(userId)) subscribe(userId, roomId);
    },
    roomRemoved: unsubscribe,
    roomJoined: (client, roomId) => void subscriptions.get(roomId)?.room.clients.delete(client),
    roomLeft(client, roomId) {
      if (client.identity && roomsOf.get(client.identity.userId)?.has(roomId))
        subscriptions.get(roomId)?.room.add(client);
    },
    close() {
      loader.close();
      for (const { stop } of subscriptions.values()) stop();
      subscriptions.clear();
      roomsOf.clear();
    },
  };
}

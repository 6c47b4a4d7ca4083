// The rooms in which a user's presence is published: those of at most 200 people.
import { smallRoomLimit } from "@khui/contracts";
import type { Client } from "../connections/client.js";

/** Ids of the small rooms that these clients have joined. */
export function smallRoomsOf(clients: readonly Client[]): string[] {
  const feeds = new Set(clients.flatMap((client) => [...client.rooms.values()]));
  return [...feeds].filter(({ members }) => members <= smallRoomLimit).map(({ roomId }) => roomId);
}

// The rooms in which a user's presence is published: those of at most 200 people.
import { smallRoomLimit } from "@khui/contracts";
import type { Client } from "../connections/client.js";
import type { Feeds } from "../rooms/feeds.js";

/** Ids of the small rooms that these clients have joined. */
export function smallRoomsOf(clients: readonly Client[], feeds: Pick<Feeds, "get">): string[] {
  const roomIds = new Set(clients.flatMap((client) => [...client.rooms]));
  return [...roomIds].filter((roomId) => (feeds.get(roomId)?.members ?? Number.POSITIVE_INFINITY) <= smallRoomLimit);
}

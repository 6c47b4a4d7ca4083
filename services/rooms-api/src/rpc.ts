// Answers to other services: who users are.
import type { Bus, Subscription } from "@khui/bus";
import { serveRpc } from "@khui/bus/rpc";
import { roomsRpc } from "@khui/contracts";
import { stored } from "./rooms.js";
import type { Db } from "./store/tables.js";
import { findUsers, saveUsers } from "./store/users.js";

/** Replicas share the work. */
export function serveRooms(bus: Bus, db: Db): Subscription[] {
  const options = { queue: "rooms-api" };
  return [
    serveRpc(
      bus,
      roomsRpc.lookupUsers,
      async ({ userIds }) => ({ users: await stored(() => findUsers(db, userIds)) }),
      options,
    ),
    serveRpc(
      bus,
      roomsRpc.learnUsers,
      async ({ users }) => {
        await stored(() => saveUsers(db, users));
        return {};
      },
      options,
    ),
  ];
}

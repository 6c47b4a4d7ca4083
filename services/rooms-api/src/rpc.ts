// Answers other services over the bus: names and avatars of users.
import { roomsRpc } from "@khui/contracts";
import type { Db } from "@khui/database";
import type { RpcServer } from "@khui/service";
import { findUsers, saveUsers } from "./store/users.js";

export function serveRooms(rpc: RpcServer, db: Db): void {
  rpc.serve(roomsRpc.lookupUsers, async ({ userIds }) => ({ users: await findUsers(db, userIds) }));
  rpc.background.serve(roomsRpc.learnUsers, async ({ users }) => {
    await saveUsers(db, users);
    return {};
  });
}

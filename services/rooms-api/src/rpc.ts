// Answers other services over the bus: names and avatars of users, and the status that they have chosen.
import { roomsRpc } from "@khui/contracts";
import type { Db } from "@khui/database";
import type { RpcServer } from "@khui/service";
import { chooseStatus, findStatuses } from "./store/statuses.js";
import { findUsers, saveUsers } from "./store/users.js";

export function serveRooms(rpc: RpcServer, db: Db): void {
  rpc.serve(roomsRpc.lookupUsers, async ({ userIds }) => ({ users: await findUsers(db, userIds) }));
  rpc.background.serve(roomsRpc.learnUsers, async ({ users }) => {
    await saveUsers(db, users);
    return {};
  });
  rpc.writes.serve(roomsRpc.chooseStatus, async ({ userId, status, revision }) => ({
    revision: await chooseStatus(db, userId, status, revision),
  }));
  rpc.serve(roomsRpc.lookupStatuses, async ({ userIds }) => ({ statuses: await findStatuses(db, userIds) }));
}

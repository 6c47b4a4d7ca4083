// Answers to other services.
import { messagesRpc, smallRoomLimit } from "@khui/contracts";
import type { RpcServer } from "@khui/service";
import type { Changing } from "./changing.js";
import type { Context } from "./context.js";
import type { Marking } from "./marking.js";
import { takeRoomChange } from "./membership.js";
import { contactsIn, logPage, openRoom, participantsOf, roomOf, roomsAmong, roomsOf } from "./reading.js";
import type { Sending } from "./sending.js";
import { roomsAhead } from "./store/history.js";
import { filesInUse } from "./store/remains.js";
import { activeAmong, recentRoomsOf, smallRoomsOf } from "./store/room-list.js";

export interface Actions {
  readonly sending: Sending;
  readonly changing: Changing;
  readonly marking: Marking;
}

/** Serves every RPC of this service. */
export function serveMessages(rpc: RpcServer, context: Context, { sending, changing, marking }: Actions): void {
  const { db } = context;
  rpc.serve(messagesRpc.applyRoomChange, ({ roomId, changeNo, change }) =>
    takeRoomChange(context, roomId, changeNo, change),
  );
  rpc.serve(messagesRpc.listRooms, ({ userId, page, limit }) => roomsOf(context, userId, page, limit));
  rpc.serve(messagesRpc.describeRooms, ({ userId, roomIds }) => roomsAmong(context, userId, roomIds));
  rpc.serve(messagesRpc.describeRoom, ({ userId, roomId }) => roomOf(context, userId, roomId));
  rpc.serve(messagesRpc.listParticipants, ({ userId, roomId, page, limit }) =>
    participantsOf(context, userId, roomId, page, limit),
  );
  rpc.serve(messagesRpc.openRoom, ({ userId, roomId, afterSeq }) => openRoom(context, userId, roomId, afterSeq));
  rpc.serve(messagesRpc.readLog, async ({ roomId, afterSeq }) => {
    const page = await logPage(context, roomId, afterSeq);
    context.meters.served(page.entries.length);
    return page;
  });
  rpc.serve(messagesRpc.heads, async ({ rooms }) => ({ ahead: await roomsAhead(db, rooms) }));
  rpc.serve(messagesRpc.maySend, (request) => sending.maySend(request));
  rpc.serve(messagesRpc.filesInUse, async ({ fileIds }) => ({
    fileIds: await filesInUse(db, fileIds),
  }));
  rpc.serve(messagesRpc.send, (request) => sending.send(request));
  rpc.serve(messagesRpc.confirm, (request) => changing.confirm(request));
  rpc.serve(messagesRpc.edit, (request) => changing.edit(request));
  rpc.serve(messagesRpc.remove, (request) => changing.remove(request));
  rpc.serve(messagesRpc.react, ({ reaction: { emoji, reactionType }, ...target }) =>
    changing.react({ ...target, emoji, reactionType }),
  );
  rpc.serve(messagesRpc.read, (request) => marking.read(request));
  rpc.serve(messagesRpc.delivered, async ({ positions }) => {
    await marking.delivered(positions);
    return {};
  });
  rpc.serve(messagesRpc.audience, async ({ userId }) => ({
    roomIds: await smallRoomsOf(db, userId, smallRoomLimit),
  }));
  rpc.serve(messagesRpc.contacts, ({ userId }) => contactsIn(context, userId));
  rpc.serve(messagesRpc.recentRooms, async ({ userId, limit }) => ({
    rooms: await recentRoomsOf(db, userId, limit),
  }));
  rpc.serve(messagesRpc.activeMembers, async ({ roomId, userIds }) => ({
    userIds: await activeAmong(db, roomId, userIds),
  }));
}

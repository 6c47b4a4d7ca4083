// Answers other services over the bus.
import { messagesRpc } from "@khui/contracts";
import type { RpcServer } from "@khui/service";
import type { Actions } from "../actions/actions.js";
import { checkMaySend } from "../actions/may-send.js";
import { appendRoomChange } from "../actions/membership.js";
import type { Context } from "../context.js";
import { logPage } from "../queries/log.js";
import { openRoom, openRooms, positionsOf } from "../queries/open-rooms.js";
import { audiencesOf, contactsIn, participantsOf, roomListsOf, roomOf, roomsAmong, roomsOf } from "../queries/rooms.js";
import { filesInUse } from "../store/cleanup.js";
import { roomsAhead } from "../store/history.js";
import { activeAmong } from "../store/room-list.js";

/** Serves every RPC of this service. */
export function serveMessages(rpc: RpcServer, context: Context, { sending, changing, positions }: Actions): void {
  const { db } = context;
  rpc.serve(messagesRpc.applyRoomChange, ({ roomId, changeNo, change }) =>
    appendRoomChange(context, roomId, changeNo, change),
  );
  rpc.serve(messagesRpc.listRooms, ({ userId, page, limit }) => roomsOf(context, userId, page, limit));
  rpc.serve(messagesRpc.describeRooms, ({ userId, roomIds }) => roomsAmong(context, userId, roomIds));
  rpc.serve(messagesRpc.describeRoom, ({ userId, roomId }) => roomOf(context, userId, roomId));
  rpc.serve(messagesRpc.listParticipants, ({ userId, roomId, page, limit }) =>
    participantsOf(context, userId, roomId, page, limit),
  );
  rpc.serve(messagesRpc.openRooms, ({ joins }) => openRooms(context, joins));
  rpc.serve(messagesRpc.readPositions, ({ roomIds }) => positionsOf(context, roomIds));
  rpc.serve(messagesRpc.openRoom, (join) => openRoom(context, join));
  rpc.serve(messagesRpc.readLog, async ({ roomId, afterSeq }) => {
    const page = await logPage(context, roomId, afterSeq);
    context.metrics.served(page.entries.length);
    return page;
  });
  rpc.serve(messagesRpc.heads, async ({ rooms }) => ({ ahead: await roomsAhead(db, rooms) }));
  rpc.serve(messagesRpc.maySend, (request) => checkMaySend(context, request));
  rpc.serve(messagesRpc.filesInUse, async ({ fileIds }) => ({
    fileIds: await filesInUse(db, fileIds),
  }));
  rpc.serve(messagesRpc.send, async ({ wantsCreated, ...request }) => {
    const sent = await sending.send(request);
    return wantsCreated ? sent : sent.message;
  });
  rpc.serve(messagesRpc.confirm, (request) => changing.confirm(request));
  rpc.serve(messagesRpc.edit, (request) => changing.edit(request));
  rpc.serve(messagesRpc.remove, (request) => changing.remove(request));
  rpc.serve(messagesRpc.react, ({ reaction: { emoji, reactionType }, ...target }) =>
    changing.react({ ...target, emoji, reactionType }),
  );
  rpc.serve(messagesRpc.read, (request) => positions.markRead(request));
  rpc.serve(messagesRpc.delivered, async ({ positions: deliveries }) => {
    await positions.markDelivered(deliveries);
    return {};
  });
  rpc.serve(messagesRpc.audience, async ({ userId }) => ({ roomIds: (await audiencesOf(context, [userId])).roomIds }));
  rpc.serve(messagesRpc.audiences, ({ userIds }) => audiencesOf(context, userIds));
  rpc.serve(messagesRpc.contacts, ({ userId }) => contactsIn(context, userId));
  rpc.serve(messagesRpc.recentRooms, async ({ userId, limit }) => ({
    rooms: (await roomListsOf(context, [userId], limit)).rooms,
  }));
  rpc.serve(messagesRpc.roomLists, ({ userIds, limit }) => roomListsOf(context, userIds, limit));
  rpc.serve(messagesRpc.activeMembers, async ({ roomId, userIds }) => ({
    userIds: await activeAmong(db, roomId, userIds),
  }));
}

// Answers other services over the bus.
import { messagesRpc } from "@khui/contracts";
import type { RpcServer } from "@khui/service";
import type { Actions } from "../actions/actions.js";
import { checkMaySend } from "../actions/may-send.js";
import { appendRoomChange } from "../actions/membership.js";
import type { Context } from "../context.js";
import { logPage, logPages } from "../queries/log.js";
import { openRoom, openRooms, positionsOf } from "../queries/open-rooms.js";
import { audiencesOf, contactsIn, participantsOf, roomListsOf, roomOf, roomsAmong, roomsOf } from "../queries/rooms.js";
import { filesInUse } from "../store/cleanup.js";
import { compareHeads } from "../store/history.js";
import { activeAmong } from "../store/room-list.js";

/** Serves every RPC of this service. */
export function serveMessages(rpc: RpcServer, context: Context, { sending, changing, positions }: Actions): void {
  const { db } = context;
  rpc.writes.serve(messagesRpc.applyRoomChange, ({ roomId, changeNo, change }) =>
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
  // For clients that resume as well as for repairs: each gateway has two questions in flight at most.
  rpc.serve(messagesRpc.readLogs, async ({ rooms }) => {
    const pages = await logPages(context, rooms);
    context.metrics.served(pages.reduce((sum, page) => sum + (page?.entries.length ?? 0), 0));
    return { pages };
  });
  rpc.background.serve(messagesRpc.readLog, ({ roomId, afterSeq }) => logPage(context, roomId, afterSeq));
  rpc.background.serve(messagesRpc.heads, ({ rooms }) => compareHeads(db, rooms));
  rpc.serve(messagesRpc.maySend, (request) => checkMaySend(context, request));
  rpc.background.serve(messagesRpc.filesInUse, async ({ fileIds }) => ({
    fileIds: await filesInUse(db, fileIds),
  }));
  rpc.writes.serve(messagesRpc.send, async ({ wantsCreated, ...request }) => {
    const sent = await sending.send(request);
    return wantsCreated ? sent : sent.message;
  });
  rpc.serve(messagesRpc.confirm, (request) => changing.confirm(request));
  rpc.writes.serve(messagesRpc.edit, (request) => changing.edit(request));
  rpc.writes.serve(messagesRpc.remove, (request) => changing.remove(request));
  rpc.writes.serve(messagesRpc.react, ({ reaction: { emoji, reactionType }, ...target }) =>
    changing.react({ ...target, emoji, reactionType }),
  );
  rpc.writes.serve(messagesRpc.read, (request) => positions.markRead(request));
  rpc.background.serve(messagesRpc.delivered, async ({ positions: deliveries }) => {
    await positions.markDelivered(deliveries);
    return {};
  });
  rpc.background.serve(messagesRpc.audience, async ({ userId }) => ({
    roomIds: (await audiencesOf(context, [userId])).roomIds,
  }));
  rpc.background.serve(messagesRpc.audiences, ({ userIds }) => audiencesOf(context, userIds));
  rpc.background.serve(messagesRpc.contacts, ({ userId }) => contactsIn(context, userId));
  rpc.background.serve(messagesRpc.recentRooms, async ({ userId, limit }) => ({
    rooms: (await roomListsOf(context, [userId], limit)).rooms,
  }));
  rpc.background.serve(messagesRpc.roomLists, ({ userIds, limit }) => roomListsOf(context, userIds, limit));
  rpc.background.serve(messagesRpc.activeMembers, async ({ roomId, userIds }) => ({
    userIds: await activeAmong(db, roomId, userIds),
  }));
}

// Answers to other services.
import type { Bus, Subscription } from "@khui/bus";
import { serveRpc } from "@khui/bus/rpc";
import { messagesRpc, type Rpc, type RpcAnswer, type RpcRequest, smallRoomLimit } from "@khui/contracts";
import type { Changing } from "./changing.js";
import type { Context } from "./context.js";
import type { Marking } from "./marking.js";
import { takeRoomChange } from "./membership.js";
import { contactsIn, logPage, openRoom, participantsOf, roomOf, roomsAmong, roomsOf } from "./reading.js";
import { withRetry } from "./retry.js";
import type { Sending } from "./sending.js";
import { roomsAhead } from "./store/history.js";
import { filesInUse } from "./store/remains.js";
import { activeAmong, recentRoomsOf, smallRoomsOf } from "./store/room-list.js";

export interface Actions {
  readonly sending: Sending;
  readonly changing: Changing;
  readonly marking: Marking;
}

/** Serves every RPC of this service; replicas share the work. */
export function serveMessages(bus: Bus, context: Context, { sending, changing, marking }: Actions): Subscription[] {
  const serve = <R extends Rpc>(rpc: R, handler: (request: RpcRequest<R>) => Promise<RpcAnswer<R>>) =>
    serveRpc(bus, rpc, handler, { queue: "messages-api" });
  const { db } = context;
  return [
    serve(messagesRpc.applyRoomChange, ({ roomId, changeNo, change }) =>
      takeRoomChange(context, roomId, changeNo, change),
    ),
    serve(messagesRpc.listRooms, ({ userId, page, limit }) => roomsOf(context, userId, page, limit)),
    serve(messagesRpc.describeRooms, ({ userId, roomIds }) => roomsAmong(context, userId, roomIds)),
    serve(messagesRpc.describeRoom, ({ userId, roomId }) => roomOf(context, userId, roomId)),
    serve(messagesRpc.listParticipants, ({ userId, roomId, page, limit }) =>
      participantsOf(context, userId, roomId, page, limit),
    ),
    serve(messagesRpc.openRoom, ({ userId, roomId, afterSeq }) => openRoom(context, userId, roomId, afterSeq)),
    serve(messagesRpc.readLog, async ({ roomId, afterSeq }) => {
      const page = await logPage(context, roomId, afterSeq);
      context.meters.served(page.entries.length);
      return page;
    }),
    serve(messagesRpc.heads, async ({ rooms }) => ({ ahead: await withRetry(() => roomsAhead(db, rooms)) })),
    serve(messagesRpc.maySend, (request) => sending.maySend(request)),
    serve(messagesRpc.filesInUse, async ({ fileIds }) => ({
      fileIds: await withRetry(() => filesInUse(db, fileIds)),
    })),
    serve(messagesRpc.send, (request) => sending.send(request)),
    serve(messagesRpc.confirm, (request) => changing.confirm(request)),
    serve(messagesRpc.edit, (request) => changing.edit(request)),
    serve(messagesRpc.remove, (request) => changing.remove(request)),
    serve(messagesRpc.react, ({ reaction: { emoji, reactionType }, ...target }) =>
      changing.react({ ...target, emoji, reactionType }),
    ),
    serve(messagesRpc.read, (request) => marking.read(request)),
    serve(messagesRpc.delivered, async ({ positions }) => {
      await marking.delivered(positions);
      return {};
    }),
    serve(messagesRpc.audience, async ({ userId }) => ({
      roomIds: await withRetry(() => smallRoomsOf(db, userId, smallRoomLimit)),
    })),
    serve(messagesRpc.contacts, ({ userId }) => contactsIn(context, userId)),
    serve(messagesRpc.recentRooms, async ({ userId, limit }) => ({
      rooms: await withRetry(() => recentRoomsOf(db, userId, limit)),
    })),
    serve(messagesRpc.activeMembers, async ({ roomId, userIds }) => ({
      userIds: await withRetry(() => activeAmong(db, roomId, userIds)),
    })),
  ];
}

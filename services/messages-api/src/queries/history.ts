// A room's messages, by page, and its statistics.
import type { RouteAnswer, routes } from "@khui/contracts";
import { pagination } from "@khui/service/http";
import type { Context } from "../context.js";
import { renderMessage, statusFor, viewOf } from "../render.js";
import { roomStats } from "../store/history.js";
import { type PageRequest, readPage } from "../store/page.js";
import { orThrow } from "./or-throw.js";

/** A page of messages as REST answers it. `epoch` is the one of the request's numbers, where it is known. Throws room_not_found, not_a_participant. */
export async function messagesPage(
  context: Context,
  request: PageRequest,
  epoch?: string,
): Promise<RouteAnswer<typeof routes.listMessages>> {
  const page = orThrow(await readPage(context.db, request));
  const { seq } = page;
  if ((epoch ?? page.epoch) !== page.epoch || (request.afterSeq ?? 0) > seq) {
    const none = { messages: [], hasMore: false, pagination: pagination(request.page, request.limit, page.places) };
    return { ...none, seq, epoch: page.epoch, resync: true };
  }
  const view = await viewOf(context, page.messages);
  return {
    messages: page.messages.map((row) => renderMessage(row, view, statusFor(row, request.userId, page))),
    seq,
    epoch: page.epoch,
    resync: false,
    hasMore: page.hasMore,
    pagination: pagination(request.page, request.limit, page.places),
  };
}

/** Throws room_not_found, not_a_participant. */
export async function statsOf(
  context: Context,
  userId: string,
  roomId: string,
): Promise<RouteAnswer<typeof routes.roomStats>> {
  const { byType, reactions, activeUsers } = orThrow(await roomStats(context.db, roomId, userId));
  return {
    stats: {
      totalMessages: byType.reduce((sum, { count }) => sum + count, 0),
      messagesByType: [...byType],
      totalReactions: reactions,
      activeUsers,
    },
  };
}

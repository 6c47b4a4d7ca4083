// Messages over REST.
import { ChatError, routes } from "@khui/contracts";
import type { mounter } from "@khui/service/http";
import type { Actions } from "../actions/actions.js";
import { forwardMessage } from "../actions/forwarding.js";
import type { Context } from "../context.js";
import { messagesPage, statsOf } from "../queries/history.js";
import { messageOf, reactionsPage, receiptsPage } from "../queries/message-details.js";
import { readDate } from "./read-date.js";

/** Mounts the routes of messages, reactions, read marks and statistics. */
export function mountMessages(mount: ReturnType<typeof mounter>, context: Context, actions: Actions): void {
  const { sending, changing, positions } = actions;

  mount(routes.listMessages, async ({ params, query, identity }) => {
    if (query.afterSeq !== undefined && query.page > 1) {
      throw new ChatError("invalid_request", {
        part: "querystring",
        faults: [{ path: "/page", message: "walks back; to go on forward, give the afterSeq of the last message" }],
      });
    }
    const request = {
      roomId: params.chatRoomId,
      userId: identity.userId,
      limit: query.limit,
      page: query.page,
      before: query.before === undefined ? undefined : readDate("/before", query.before),
      beforeSeq: query.beforeSeq,
      afterSeq: query.afterSeq,
    };
    return messagesPage(context, request, query.epoch);
  });

  mount(routes.sendMessage, async ({ params, body, identity, idempotencyKey, localize }) => {
    const { message: data } = await sending.send({
      userId: identity.userId,
      roomId: params.chatRoomId,
      type: "text",
      content: body.content,
      replyTo: body.replyTo ?? null,
      clientMessageId: body.clientMessageId ?? idempotencyKey,
    });
    return { message: localize("message_sent"), data };
  });

  mount(routes.getMessage, async ({ params, identity }) => ({
    data: await messageOf(context, { userId: identity.userId, messageId: params.messageId }),
  }));

  mount(routes.listReactions, async ({ params, query: { limit, cursor }, identity }) =>
    reactionsPage(context, { userId: identity.userId, messageId: params.messageId }, { limit, cursor }),
  );

  mount(routes.listReceipts, async ({ params, query: { limit, cursor }, identity }) =>
    receiptsPage(context, { userId: identity.userId, messageId: params.messageId }, { limit, cursor }),
  );

  mount(routes.editMessage, async ({ params, body, identity, localize }) => {
    const content = body.content ?? "";
    const data = await changing.edit({ userId: identity.userId, messageId: params.messageId, content });
    return { message: localize("message_edited"), data };
  });

  mount(routes.deleteMessage, async ({ params, query, body, identity, localize }) => {
    const deleteFor = body?.deleteFor ?? query.deleteFor;
    if (!deleteFor || (query.deleteFor ?? deleteFor) !== deleteFor) {
      throw new ChatError("invalid_request", {
        part: "body",
        faults: [{ path: "/deleteFor", message: 'must be "sender" or "everyone", here or in the query' }],
      });
    }
    const data = await changing.remove({ userId: identity.userId, messageId: params.messageId, deleteFor });
    return { message: localize("message_deleted"), data };
  });

  mount(routes.addReaction, async ({ params, body, identity, localize }) => {
    const { emoji, reactionType } = body;
    const data = await changing.react({ userId: identity.userId, messageId: params.messageId, emoji, reactionType });
    return { message: localize("reaction_added"), data };
  });

  mount(routes.removeReaction, async ({ params, identity, localize }) => {
    const data = await changing.react({ userId: identity.userId, messageId: params.messageId, emoji: null });
    return { message: localize("reaction_removed"), data };
  });

  mount(routes.forwardMessage, async ({ params, body, identity, idempotencyKey, localize }) => {
    const data = await forwardMessage(context, {
      userId: identity.userId,
      messageId: params.messageId,
      roomIds: body.chatRoomIds,
      clientMessageId: body.clientMessageId ?? idempotencyKey,
    });
    return { message: localize("message_forwarded"), data };
  });

  mount(routes.markRead, async ({ params, body, identity, localize }) => {
    const data = await positions.markRead({
      userId: identity.userId,
      roomId: params.chatRoomId,
      messageId: body?.messageId,
    });
    return { message: localize("marked_read"), data };
  });

  mount(routes.roomStats, async ({ params, identity }) => statsOf(context, identity.userId, params.chatRoomId));
}

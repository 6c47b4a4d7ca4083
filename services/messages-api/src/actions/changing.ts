// Editing, deleting and reacting: validate, change in the room's turn, announce, answer.
import { ChatError, type DeleteFor, type Message, type Reacted, type ReactionAction } from "@khui/contracts";
import type { Context } from "../context.js";
import { checkEmoji } from "../emoji.js";
import { renderEntry, renderMessage, shownReactions, statusFor, viewOf } from "../render.js";
import {
  type ChangeResult,
  deleteForEveryone,
  editMessage,
  findMessage,
  hideMessage,
  roomOfMessage,
} from "../store/change.js";
import { othersPositions, readLog } from "../store/history.js";
import { reactTo } from "../store/react.js";
import type { MessageRow } from "../store/tables.js";
import { checkCaption } from "./content-rules.js";

/** Which message, who asks, and (from sockets) in which room they expect it. */
interface Target {
  readonly userId: string;
  readonly messageId: string;
  readonly roomId?: string | undefined;
}

export interface Changing {
  /** Replaces the text or caption; answers the message as it is afterwards. */
  edit(request: Target & { content: string }): Promise<Message>;
  /** Deletes the message for everyone, or hides it from the user alone. */
  remove(request: Target & { deleteFor: DeleteFor }): Promise<{ messageId: string; deleteFor: DeleteFor }>;
  /** With a null emoji the user's reaction is removed. `action` is null when nothing changed. */
  react(request: Target & { emoji: string | null; reactionType?: string | undefined }): Promise<Reacted>;
  /** The message, if this user sent it; throws message_not_found otherwise. */
  confirm(request: Target): Promise<Message>;
}

export function createChanging(context: Context): Changing {
  const { db, roomQueue } = context;

  /** Runs a change when no other change of the message's room is in flight. */
  async function inTurn<T>({ messageId }: Target, statement: () => Promise<T>): Promise<T> {
    const roomId = await roomOfMessage(db, messageId);
    if (!roomId) throw new ChatError("message_not_found");
    return roomQueue.run(roomId, statement);
  }

  async function visible(target: Target): Promise<MessageRow> {
    const row = await findMessage(db, target.userId, target.messageId, { roomId: target.roomId });
    if (!row) throw new ChatError("message_not_found");
    return row;
  }

  /** As the viewer sees it, with its status. */
  async function view(row: MessageRow, viewerId: string): Promise<Message> {
    const [view, others] = await Promise.all([viewOf(context, [row]), othersPositions(db, row.room_id, viewerId)]);
    return renderMessage(row, view, statusFor(row, viewerId, others));
  }

  return {
    async edit({ content, ...target }) {
      const change = { ...target, roomId: target.roomId, content: checkCaption(content) };
      await announceChange(context, await inTurn(target, () => editMessage(db, change)));
      return view(await visible(target), target.userId);
    },
    async remove({ deleteFor, ...target }) {
      const { messageId, userId, roomId } = target;
      if (deleteFor === "everyone") {
        const removal = { userId, messageId, roomId };
        await announceChange(context, await inTurn(target, () => deleteForEveryone(db, removal)));
        context.cleanup.trigger();
      } else {
        const result = await inTurn(target, () => hideMessage(db, { userId, messageId, roomId }));
        if (result.kind === "refused") throw new ChatError(result.code);
        if (result.kind === "hidden") {
          const payload = { chatRoomId: result.roomId, messageId, deleteFor, deletedBy: userId };
          context.announce.userEvent(userId, "message_deleted", payload);
        }
      }
      return { messageId, deleteFor };
    },
    async react({ emoji, reactionType, ...target }) {
      const { messageId, userId, roomId } = target;
      const checked = emoji === null ? null : checkEmoji(emoji);
      const result = await inTurn(target, () =>
        reactTo(db, { userId, messageId, roomId, emoji: checked, reactionType: reactionType ?? null }),
      );
      const action = await announceChange(context, result);
      return { messageId, ...shownReactions(await visible(target)), action };
    },
    async confirm(target) {
      const row = await visible(target);
      if (row.sender_id !== target.userId) throw new ChatError("message_not_found");
      return view(row, target.userId);
    },
  };
}

/** Throws what was refused; announces what changed. Returns the reaction's action if it was one. */
async function announceChange(context: Context, result: ChangeResult): Promise<ReactionAction | null> {
  if (result.kind === "refused") throw new ChatError(result.code);
  if (result.kind === "unchanged") return null;
  const { roomId, seq } = result;
  const page = await readLog(context.db, roomId, seq - 1, 1);
  const found = page?.entries[0];
  if (!found) return null;
  const view = await viewOf(context, [found.message]);
  context.announce.logEntry(roomId, renderEntry(found.entry, found.message, view));
  return (found.entry.data?.action as ReactionAction | undefined) ?? null;
}

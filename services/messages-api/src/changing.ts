// Editing, deleting and reacting: rules, the statement, the answer and the announcement.
import { ChatError, type DeleteFor, type Message, type Reacted, type ReactionAction } from "@khui/contracts";
import { type Context, viewOf } from "./context.js";
import { renderEntry, renderMessage, shownReactions, statusFor } from "./render.js";
import { checkCaption, checkEmoji } from "./rules.js";
import {
  type ChangeResult,
  deleteForEveryone,
  editMessage,
  findMessage,
  hideMessage,
  roomOfMessage,
} from "./store/change.js";
import { othersPositions, readLog } from "./store/history.js";
import { reactTo } from "./store/react.js";
import type { MessageRow } from "./store/tables.js";

/** Which message, who, and (from sockets) in which room they believe it to be. */
interface Target {
  readonly userId: string;
  readonly messageId: string;
  readonly roomId?: string | undefined;
}

export interface Changing {
  edit(request: Target & { content: string }): Promise<Message>;
  remove(request: Target & { deleteFor: DeleteFor }): Promise<{ messageId: string; deleteFor: DeleteFor }>;
  /** With a null emoji the user's reaction is taken away. `action` is null when nothing changed. */
  react(request: Target & { emoji: string | null; reactionType?: string | undefined }): Promise<Reacted>;
  /** The message that a user says to have sent. */
  confirm(request: Target): Promise<Message>;
}

export function createChanging(context: Context): Changing {
  const { db, queue } = context;

  /** Runs a change of a message when it is the turn of its room. */
  async function inTurn<T>({ messageId }: Target, statement: () => Promise<T>): Promise<T> {
    const roomId = await roomOfMessage(db, messageId);
    if (!roomId) throw new ChatError("message_not_found");
    return queue.run(roomId, statement);
  }

  async function visible(target: Target): Promise<MessageRow> {
    const row = await findMessage(db, target.userId, target.messageId, target.roomId);
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
        context.cleanup.soon();
      } else {
        const result = await inTurn(target, () => hideMessage(db, { userId, messageId, roomId }));
        if (result.kind === "refused") throw new ChatError(result.code);
        if (result.kind === "hidden") {
          const payload = { chatRoomId: result.roomId, messageId, deleteFor, deletedBy: userId };
          context.announce.user(userId, "message_deleted", payload);
        }
      }
      return { messageId, deleteFor };
    },
    async react({ emoji, reactionType, ...target }) {
      const { messageId, userId, roomId } = target;
      const wanted = emoji === null ? null : checkEmoji(emoji);
      const result = await inTurn(target, () =>
        reactTo(db, { userId, messageId, roomId, emoji: wanted, reactionType: reactionType ?? null }),
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

/** Throws what was refused; announces what changed, and returns the reaction's action if it was one. */
async function announceChange(context: Context, result: ChangeResult): Promise<ReactionAction | null> {
  if (result.kind === "refused") throw new ChatError(result.code);
  if (result.kind === "unchanged") return null;
  const { roomId, seq } = result;
  const page = await readLog(context.db, roomId, seq - 1, 1);
  const found = page?.entries[0];
  if (!found) return null;
  const view = await viewOf(context, [found.message]);
  context.announce.entry(roomId, renderEntry(found.entry, found.message, view));
  return (found.entry.data?.action as ReactionAction | undefined) ?? null;
}

// Turns rows into what clients see: messages, and the bodies of log entries.
import type {
  EntryHeader,
  LogEntry,
  MediaInfo,
  Message,
  MessageStatus,
  RoomActivity,
  StoredMedia,
  User,
} from "@khui/contracts";
import type { Directory } from "@khui/directory";
import type { MediaLinks } from "@khui/media-links";
import { qualifyEmoji } from "./emoji.js";
import type { ParticipantRow, RoomRow } from "./store/room-list.js";
import type { LogRow, MessageRow } from "./store/tables.js";

type Users = ReadonlyMap<string, User>;

/** What rendering needs beside the rows: the users in them, and signed URLs for their files. */
export interface View {
  readonly users: Users;
  readonly links: MediaLinks;
}

/** What rendering these messages needs. */
export async function viewOf(
  { directory, links }: { readonly directory: Directory; readonly links: MediaLinks },
  rows: Iterable<MessageRow | null>,
): Promise<View> {
  return { users: await directory.resolve(usersIn(rows)), links };
}

/** The lowest read and delivered positions among the other participants; null when there are none. */
export interface OthersPositions {
  readonly othersRead: number | null;
  readonly othersDelivered: number | null;
}

/** The user, with nulls where the name is unknown. */
export const userOf = (users: Users, userId: string): User =>
  users.get(userId) ?? { _id: userId, name: null, avatar: null };

/** The senders of these messages and of the messages they reply to. */
function usersIn(rows: Iterable<MessageRow | null>): Set<string> {
  const ids = new Set<string>();
  for (const row of rows) {
    if (!row) continue;
    ids.add(row.sender_id);
    if (row.parent) ids.add(row.parent.sender_id);
  }
  return ids;
}

/** Only the sender sees how far a message has come; everyone else sees `sent`. */
export function statusFor(
  row: { sender_id: string; seq: number },
  viewerId: string,
  others: OthersPositions,
): MessageStatus {
  if (row.sender_id !== viewerId || others.othersRead === null) return "sent";
  if (others.othersRead >= row.seq) return "read";
  return (others.othersDelivered ?? 0) >= row.seq ? "delivered" : "sent";
}

/** A message as clients get it. A deleted one keeps its place and nothing else. */
export function renderMessage(row: MessageRow, view: View, status: MessageStatus): Message {
  const { users, links } = view;
  return {
    _id: row.id,
    chatRoom: row.room_id,
    seq: row.seq,
    sender: userOf(users, row.sender_id),
    type: row.type,
    content: row.content,
    mediaInfo: row.media && mediaInfo(row.media, links),
    stickerInfo: row.sticker && { ...row.sticker, url: links.unsigned(row.sticker.url) },
    ...(row.system ? { systemInfo: row.system } : {}),
    status,
    timestamp: new Date(row.created_at).toISOString(),
    ...shownReactions(row),
    isDeleted: row.deleted,
    ...(row.deleted ? { deletedFor: "everyone" as const } : {}),
    isEdited: row.edit_count > 0,
    editCount: row.edit_count,
    editHistory: row.recent_edits ?? [],
    replyTo: row.reply_to,
    replyToMessage: row.parent && {
      _id: row.parent.id,
      sender: userOf(users, row.parent.sender_id),
      type: row.parent.type,
      content: row.parent.content,
      isDeleted: row.parent.deleted,
    },
    forwardedFrom: row.forwarded,
    ...(row.client_id ? { clientMessageId: row.client_id } : {}),
  };
}

/** What a message shows of its reactions: see the contract. Releases before stored emojis as they came. */
export function shownReactions(
  row: Pick<MessageRow, "reactions" | "reaction_counts"> | null,
): Pick<Message, "reactions" | "reactionCounts"> {
  const byEmoji = new Map<string, number>();
  for (const [stored, count] of Object.entries(row?.reaction_counts ?? {})) {
    const emoji = qualifyEmoji(stored);
    byEmoji.set(emoji, (byEmoji.get(emoji) ?? 0) + count);
  }
  const counts = [...byEmoji].map(([emoji, count]) => ({ emoji, count }));
  counts.sort((a, b) => b.count - a.count || (a.emoji < b.emoji ? -1 : 1));
  const reactions = (row?.reactions ?? []).map((reaction) => ({ ...reaction, emoji: qualifyEmoji(reaction.emoji) }));
  return { reactions, reactionCounts: counts };
}

function mediaInfo({ fileId, hasThumbnail, ...file }: StoredMedia, links: MediaLinks): MediaInfo {
  return {
    ...file,
    ...(hasThumbnail ? { thumbnail: links.thumbnail(fileId) } : {}),
    url: links.file(fileId, file.originalName),
  };
}

/** A log entry with its event's body (without room and number, see `wire.ts`), showing its message as it is now. */
export function renderEntry(entry: LogRow, message: MessageRow | null, view: View): LogEntry {
  const { data } = entry;
  const header: EntryHeader = {
    seq: entry.seq,
    event: entry.event,
    ...(data?.members === undefined ? {} : { members: data.members }),
    ...(data?.left === undefined ? {} : { left: data.left }),
    ...(message && entry.event === "new_message" ? { by: message.sender_id } : {}),
  };
  return { ...header, body: JSON.stringify(bodyOf(entry, message, view)) };
}

function bodyOf({ event, message_id: messageId, data }: LogRow, row: MessageRow | null, view: View): object {
  const message = row && renderMessage(row, view, "sent");
  switch (event) {
    case "new_message":
      return { message };
    case "message_edited":
      // Without status: each client knows it from positions, and an edit does not change it.
      return { messageId, newContent: row?.content ?? null, message: { ...message, status: undefined } };
    case "message_deleted":
      return { messageId, deleteFor: "everyone", deletedBy: data?.deletedBy };
    case "reaction_updated": {
      const { userId, emoji = null, reactionType = null, action } = data ?? {};
      return { messageId, ...shownReactions(row), userId, emoji, reactionType, action };
    }
    case "user_joined_chat":
      return { userId: data?.userId };
    case "user_left_chat":
      return { userId: data?.userId, by: data?.by };
    case "member_updated":
      return { userId: data?.userId, role: data?.role, by: data?.by };
    case "room_updated":
      return { userId: data?.userId, changes: data?.changes };
    default:
      throw new Error(`no such log event: ${event}`);
  }
}

const iso = (value: string | Date | null): string | null => (value === null ? null : new Date(value).toISOString());

export function renderParticipant(row: ParticipantRow): RoomActivity["participants"][number] {
  return {
    userId: row.user_id,
    role: row.role,
    joinedAt: new Date(row.joined_at).toISOString(),
    lastReadMessage: row.read_message,
    lastReadTimestamp: iso(row.read_at),
  };
}

/** A room of the list, for the user whose list it is. */
export function renderRoom(row: RoomRow, viewerId: string, view: View): RoomActivity {
  const others = { othersRead: row.others_read, othersDelivered: row.others_delivered };
  return {
    roomId: row.id,
    participants: row.participants.map(renderParticipant),
    participantCount: row.member_count,
    lastMessage: row.last && renderMessage(row.last, view, statusFor(row.last, viewerId, others)),
    lastMessageTime: row.last && iso(row.last.created_at),
    messageCount: row.message_count,
    unreadCount: row.unread,
    seq: row.seq,
    epoch: row.epoch,
  };
}

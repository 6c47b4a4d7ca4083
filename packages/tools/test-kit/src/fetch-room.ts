// A fresh fetch of a room over REST.
import type { FetchedRoom } from "./client-model.js";
import type { User } from "./user.js";

/** The room, then all its messages. While others write, the messages are at least as new as `room.seq`. */
export async function fetchRoom(user: User, roomId: string): Promise<FetchedRoom> {
  const { status, body } = await user.get(`/rooms/${roomId}`);
  if (status !== 200) throw new Error(`no room ${roomId}: ${status} ${body.code}`);
  return { room: body.chatRoom, ...(await fetchMessages(user, roomId)) };
}

/** All messages, oldest first; `seq` is the room's head as of the first page. */
export async function fetchMessages(user: User, roomId: string): Promise<Pick<FetchedRoom, "messages" | "seq">> {
  const messages: FetchedRoom["messages"][number][] = [];
  let head: number | undefined;
  for (let afterSeq = 0; ; afterSeq = messages.at(-1)?.seq ?? 0) {
    const { status, body } = await user.get(`/rooms/${roomId}/messages?limit=100&afterSeq=${afterSeq}`);
    if (status !== 200) throw new Error(`no messages of ${roomId}: ${status} ${body.code}`);
    messages.push(...body.messages);
    head ??= body.seq;
    if (!body.hasMore) return { messages, seq: head };
  }
}

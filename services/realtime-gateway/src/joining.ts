// Lets a socket into a room: backfill, cut over, live. What it missed comes first, then everything new, nothing twice.
import { setTimeout as sleep } from "node:timers/promises";
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { type LogEntry, messagesRpc, type RpcAnswer } from "@khui/contracts";
import type { Counts } from "./counts.js";
import type { Feeds } from "./feeds.js";
import { entryFrame, type RoomFeed } from "./room-feed.js";
import type { Session } from "./session.js";
import type { Typing } from "./typing.js";

type Opened = RpcAnswer<typeof messagesRpc.openRoom>;

export interface JoinContext {
  readonly bus: Bus;
  readonly feeds: Feeds;
  readonly typing: Pick<Typing, "inRoom">;
  readonly counts: Pick<Counts, "resyncs">;
}

/** A socket that is sent what it missed takes it at its own pace: the next page waits while so many bytes are under way. */
const maxUnderWay = 1024 * 1024;
const lookMs = 20;

/** What `joined_chat` tells beside the room's own state. */
export interface Welcome {
  readonly feed: RoomFeed;
  readonly opened: Opened;
  readonly typing: readonly string[];
}

/**
 * Joins `session` to a room. With `lastSeq` the socket is first sent every entry after it, or resync_required when the
 * log no longer has them; then `welcome` is called, and then comes what is new. Joining a room again only calls
 * `welcome`. False when the user was taken out of the room meanwhile; throws ChatError when they may not enter.
 */
export async function joinRoom(
  { bus, feeds, typing: { inRoom }, counts }: JoinContext,
  session: Session,
  roomId: string,
  lastSeq: number | undefined,
  welcome: (told: Welcome) => void,
): Promise<boolean> {
  const feed = await feeds.acquire(roomId);
  try {
    // Listening began before these questions, so what is not in their answers is in a tail, or still to come.
    const request = { userId: session.userId, roomId, ...(lastSeq === undefined ? {} : { afterSeq: lastSeq }) };
    const already = feed.sessions.has(session);
    const liveFrom = feed.liveTail.end;
    const [opened, typing] = await Promise.all([call(bus, messagesRpc.openRoom, request), inRoom(feed)]);
    if (feed.position === undefined) feed.members = opened.members;
    feed.start(opened.seq);
    if (already) {
      // It gets everything from the feed; only its user's own leaving may still come on the way.
      await feed.catchUp(opened.seq);
      if (!feed.sessions.has(session)) return false;
    } else {
      const head = await backfill(bus, session, roomId, lastSeq, opened, counts);
      const met = await meet(bus, session, feed, head);
      const stillIn = met.stillIn && sendTail(session, feed, met.cursor);
      if (session.closed || !stillIn) return false;
      feed.admit(session);
    }
    welcome({ feed, opened, typing });
    // States that changed after the answers: telling one twice does no harm, missing one would last.
    for (const { except, frame } of feed.liveTail.since(liveFrom)) {
      if (except !== session.userId) session.socket.send(frame);
    }
    return true;
  } finally {
    feed.joiners--;
    if (feed.joiners === 0) feed.forgetTails();
    feeds.release(feed);
  }
}

/** Sends what was missed up to the head as of opening, and returns that head. */
async function backfill(
  bus: Bus,
  session: Session,
  roomId: string,
  lastSeq: number | undefined,
  opened: Opened,
  counts: Pick<Counts, "resyncs">,
): Promise<number> {
  const startAnew = () => {
    counts.resyncs++;
    session.emit("resync_required", { chatRoomId: roomId, seq: opened.seq });
    return opened.seq;
  };
  if (lastSeq === undefined) return opened.seq;
  if (opened.resync) return startAnew();
  let cursor = Math.min(lastSeq, opened.seq);
  let entries: readonly LogEntry[] = opened.entries;
  while (!session.closed) {
    for (const entry of entries) {
      if (entry.seq > opened.seq) break;
      session.socket.send(entryFrame(roomId, entry));
      cursor = entry.seq;
    }
    if (cursor >= opened.seq) break;
    while (session.socket.bufferedBytes > maxUnderWay && !session.closed) await sleep(lookMs);
    const page = await call(bus, messagesRpc.readLog, { roomId, afterSeq: cursor });
    if (page.entries.length === 0 || page.floor > cursor) return startAnew();
    entries = page.entries;
  }
  // After the entries: what is hidden may be among them.
  for (const messageId of opened.hidden) {
    const payload = { chatRoomId: roomId, messageId, deleteFor: "sender", deletedBy: session.userId };
    session.emit("message_deleted", payload);
  }
  return opened.seq;
}

/**
 * Brings socket and feed to where the tail joins them without a hole, and returns the socket's position there. The tail
 * falls short when another socket opened the room a little later and so started the feed further ahead. `stillIn` is
 * false when what was sent here took this user out of the room.
 */
async function meet(
  bus: Bus,
  session: Session,
  feed: RoomFeed,
  head: number,
): Promise<{ cursor: number; stillIn: boolean }> {
  let cursor = head;
  for (;;) {
    await feed.catchUp(cursor);
    const position = feed.position ?? cursor;
    const [oldest] = feed.tail.since(0);
    if (position === cursor || (oldest && oldest.seq <= cursor + 1)) return { cursor, stillIn: true };
    const page = await call(bus, messagesRpc.readLog, { roomId: feed.roomId, afterSeq: cursor });
    if (page.entries.length === 0) return { cursor, stillIn: true };
    for (const entry of page.entries) {
      if (entry.seq > position) break;
      session.socket.send(entryFrame(feed.roomId, entry));
      cursor = entry.seq;
      if (entry.left === session.userId) return { cursor, stillIn: false };
    }
  }
}

/** Sends what others in the feed were sent meanwhile. False once that takes this user out: what follows is not theirs. */
function sendTail(session: Session, feed: RoomFeed, cursor: number): boolean {
  for (const entry of feed.tail.since(0)) {
    if (entry.seq <= cursor) continue;
    session.socket.send(entryFrame(feed.roomId, entry));
    if (entry.left === session.userId) return false;
  }
  return true;
}

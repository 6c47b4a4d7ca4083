// Brings a client into a room: backfill, cut over, live. First what it missed, then everything new, nothing twice.
import { setTimeout as sleep } from "node:timers/promises";
import type { Bus } from "@khui/bus";
import { call } from "@khui/bus/rpc";
import { type LogEntry, messagesRpc, type RpcAnswer } from "@khui/contracts";
import type { Client } from "../connections/client.js";
import type { GatewayMetrics } from "../metrics.js";
import type { Feeds } from "./feeds.js";
import { isFor } from "./live-events.js";
import { entryFrame, type RoomFeed } from "./room-feed.js";
import type { Typing } from "./typing.js";

export interface JoinContext {
  readonly bus: Bus;
  readonly feeds: Feeds;
  readonly typing: Pick<Typing, "inRoom">;
  readonly metrics: Pick<GatewayMetrics, "resyncs">;
}

/** What `joined_chat` is made of. */
export interface JoinedRoom {
  readonly feed: RoomFeed;
  readonly opened: RpcAnswer<typeof messagesRpc.openRoom>;
  /** Users who are typing. */
  readonly typing: readonly string[];
}

/** During backfill the next page waits while the client's connection has more than this many bytes to write. */
const maxBufferedBytes = 1024 * 1024;
const pollIntervalMs = 20;

/**
 * Joins a client to a room. With `lastSeq` it is first sent every entry after that number, or resync_required when the log no
 * longer has them; then `onJoined` is called, and then the client gets what is new. Joining again only calls `onJoined`.
 * Resolves with false when the user left the room, or the client closed, meanwhile. Throws ChatError when the user may not
 * enter, or the entries cannot be read now.
 */
export async function joinRoom(
  { bus, feeds, typing: { inRoom }, metrics }: JoinContext,
  client: Client,
  roomId: string,
  lastSeq: number | undefined,
  onJoined: (room: JoinedRoom) => void,
): Promise<boolean> {
  const lease = await feeds.acquire(roomId);
  try {
    // The feed is subscribed before the room is opened: an entry is in the answer, in the replay buffer, or still to come.
    const { feed } = lease;
    const rejoining = feed.clients.has(client);
    const liveOffset = feed.liveReplay.end;
    const request = { userId: client.userId, roomId, ...(lastSeq === undefined ? {} : { afterSeq: lastSeq }) };
    const [opened, typing] = await Promise.all([call(bus, messagesRpc.openRoom, request), inRoom(feed)]);
    feed.open(opened.seq, opened.members);

    if (rejoining) {
      // It gets everything from the feed, which may still bring its user's leaving.
      await feed.sequencer.catchUp(opened.seq);
      if (!feed.clients.has(client)) return false;
    } else {
      let cursor = opened.seq;
      /** Sends the entries after the cursor, up to `last`. False after one that takes the user out: nothing later is theirs. */
      const send = (entries: readonly LogEntry[], last: number): boolean => {
        for (const entry of entries) {
          if (entry.seq > last) break;
          if (entry.seq <= cursor) continue;
          client.socket.send(entryFrame(roomId, entry));
          cursor = entry.seq;
          // They were in the room when it was opened, so a leaving before that is history.
          if (entry.left === client.userId && entry.seq > opened.seq) return false;
        }
        return true;
      };
      const readLog = () => call(bus, messagesRpc.readLog, { roomId, afterSeq: cursor });

      // Backfill: from `lastSeq` to the head as of opening, at the client's own pace.
      let truncated = lastSeq !== undefined && opened.resync;
      if (lastSeq !== undefined && !truncated) {
        cursor = Math.min(lastSeq, opened.seq);
        send(opened.entries, opened.seq);
        while (cursor < opened.seq && !truncated && !client.closed) {
          while (client.socket.bufferedBytes > maxBufferedBytes && !client.closed) await sleep(pollIntervalMs);
          const page = await readLog();
          truncated = page.entries.length === 0 || page.floor > cursor;
          if (!truncated) send(page.entries, opened.seq);
        }
        // After the entries, which may hold messages that the user has hidden.
        if (!truncated) for (const messageId of opened.hidden) emitHidden(client, roomId, messageId);
      }
      if (truncated) {
        metrics.resyncs++;
        client.emit("resync_required", { chatRoomId: roomId, seq: opened.seq });
        cursor = opened.seq;
      }
      if (client.closed) return false;

      // Cut over: on to where the replay buffer takes over. It begins later when another client's join opened the room since.
      for (;;) {
        await feed.sequencer.catchUp(cursor);
        const position = feed.position ?? cursor;
        if (position === cursor || (feed.replay.oldest && feed.replay.oldest.seq <= cursor + 1)) break;
        const { entries } = await readLog();
        if (entries.length === 0) break;
        if (!send(entries, position)) return false;
      }

      // Live: in the same turn of the event loop, so that no entry comes between the buffer and the subscription.
      if (!send(feed.replay.since(0), Number.POSITIVE_INFINITY) || client.closed) return false;
      feed.subscribe(client);
    }

    onJoined({ feed, opened, typing });
    // States (read marks, typing) that changed since the room was opened: sending one twice is harmless, missing one would last.
    for (const { header, frame } of feed.liveReplay.since(liveOffset)) {
      if (isFor(client.userId, header)) client.socket.send(frame);
    }
    return true;
  } finally {
    lease.release();
  }
}

function emitHidden(client: Client, chatRoomId: string, messageId: string): void {
  client.emit("message_deleted", { chatRoomId, messageId, deleteFor: "sender", deletedBy: client.userId });
}

// Brings a client into a room: backfill, cut over, live. First what it missed, then everything new, nothing twice.
import { setTimeout as sleep } from "node:timers/promises";
import { ChatError, closeCodes, type LogEntry, type OpenedRoom } from "@khui/contracts";
import type { Client } from "../connections/client.js";
import type { GatewayMetrics } from "../metrics.js";
import type { Feeds } from "./feeds.js";
import { isFor } from "./live-events.js";
import { entryFrame, type LiveFrame, type RoomFeed } from "./room-feed.js";
import type { RoomQuestions } from "./room-questions.js";
import type { Typing } from "./typing.js";

export interface JoinContext {
  readonly feeds: Feeds;
  readonly questions: RoomQuestions;
  readonly typing: Pick<Typing, "learn">;
  readonly metrics: Pick<GatewayMetrics, "resyncs">;
  /** During backfill a client that takes none of its bytes for this long is closed as a slow consumer: 30 s by default. */
  readonly maxStallMs?: number;
}

/** What `joined_chat` is made of. */
export interface JoinedRoom {
  readonly feed: RoomFeed;
  readonly opened: OpenedRoom;
  /** The read positions, as JSON. */
  readonly positions: string;
}

/** During backfill the next page waits while the client's connection has more than this many bytes to write. */
export const maxBufferedBytes = 256 * 1024;
const pollIntervalMs = 20;

/** Runs a backfill when it is its turn. */
export type RunBackfill = <Result>(backfill: () => Promise<Result>) => Promise<Result>;

export interface JoinOptions {
  /** Of the log in which the client had `lastSeq`. */
  readonly epoch?: string | undefined;
  readonly runBackfill?: RunBackfill | undefined;
  /**
   * For a client that was in the room at another gateway up to `lastSeq`, and is not told again what it knows: the live events that it
   * has not been sent.
   */
  readonly missed?: (feed: RoomFeed) => readonly LiveFrame[];
}

/**
 * Joins a client to a room. With `lastSeq` it is first sent every entry after that number, or resync_required when the log does not
 * have them: not any more, or not in this `epoch`; then `onJoined` is called, and then the client gets what is new. Joining again only
 * calls `onJoined`.
 * Resolves with false when the user left the room, or the client closed, meanwhile. Throws ChatError when the user may not
 * enter, or the entries cannot be read now.
 */
export async function joinRoom(
  { feeds, questions, typing, metrics, maxStallMs = 30_000 }: JoinContext,
  client: Client,
  roomId: string,
  lastSeq: number | undefined,
  onJoined: (room: JoinedRoom) => void,
  { epoch, runBackfill = (backfill) => backfill(), missed }: JoinOptions = {},
): Promise<boolean> {
  const lease = await feeds.acquire(roomId);
  try {
    // The feed is subscribed before the room is opened: an entry is in the log by then, in the replay buffer, or still to come.
    const { feed } = lease;
    const rejoining = feed.clients.has(client);
    const liveOffset = feed.liveReplay.end;
    const { marks } = feed.positions;
    const marksBefore = marks.length;
    const request = { userId: client.userId, roomId, ...(lastSeq === undefined ? {} : { afterSeq: lastSeq }) };
    const known = feed.position;
    const opened = await questions.open(request);
    feed.open(opened.seq, opened.members, opened.epoch);
    feed.noteLog(opened.seq, opened.epoch, known ?? opened.seq);
    const { restarts } = feed;

    let cursor = opened.seq;
    /** A client that was in the room until now is taken out of it by any leaving: it joins again by itself if its user is back. */
    const historyEnd = missed ? -1 : opened.seq;
    let isOut = false;
    /** Sends the entries after the cursor, up to `last`. False after one that takes the user out: nothing later is theirs. */
    const send = (entries: readonly LogEntry[], last: number): boolean => {
      for (const entry of entries) {
        if (entry.seq > last) break;
        if (entry.seq <= cursor) continue;
        client.socket.send(entryFrame(roomId, entry));
        cursor = entry.seq;
        // They were in the room when it was opened, so a leaving before that is history.
        isOut = entry.left === client.userId && entry.seq > historyEnd;
        if (isOut) return false;
      }
      return true;
    };
    const readLog = () => feeds.log.read(roomId, cursor, { urgent: true });

    /** From `afterSeq` to the head as of opening, at the client's own pace. False when the log no longer has all of it. */
    const backfill = async (from: number): Promise<boolean> => {
      if (opened.resync || (epoch ?? opened.epoch) !== (opened.epoch ?? epoch)) return false;
      cursor = Math.min(from, opened.seq);
      while (cursor < opened.seq) {
        await untilDrained(client, maxStallMs);
        if (client.closed) return true;
        const page = await readLog();
        if (page.entries.length === 0 || page.floor > cursor) return false;
        if (!send(page.entries, opened.seq)) return true;
      }
      // After the entries, which may hold messages that the user has hidden.
      for (const messageId of missed ? [] : (opened.hidden ?? [])) emitHidden(client, roomId, messageId);
      return true;
    };

    /** On to where the replay buffer takes over. It begins later when another client's join opened the room since. */
    const cutOver = async (): Promise<boolean> => {
      for (;;) {
        await feed.sequencer.catchUp(cursor);
        const position = feed.position ?? cursor;
        if (position === cursor || (feed.replay.oldest && feed.replay.oldest.seq <= cursor + 1)) return true;
        const { entries, floor } = await readLog();
        // One of those that are lost may take the user out: the client asks again, and the room is opened as it is by then.
        if (floor > cursor) throw new ChatError("service_unavailable", { retryAfter: 1 });
        if (entries.length === 0) return true;
        if (!send(entries, position)) return false;
      }
    };

    if (lastSeq !== undefined && !(await runBackfill(() => backfill(lastSeq)))) {
      metrics.resyncs++;
      client.emit("resync_required", { chatRoomId: roomId, seq: opened.seq, epoch: opened.epoch });
      cursor = opened.seq;
    }
    if (isOut) return false;

    /** The user's own in a large room, else everyone's. */
    const positions = () => (missed ? "[]" : opened.position ? JSON.stringify([opened.position]) : feed.positions.text);
    const readPositions = async () => {
      if (positions() === undefined) await feed.positions.read(() => questions.readPositions(roomId));
    };
    let shown: string | undefined;
    while (shown === undefined) {
      if (client.closed) return false;
      await Promise.all([typing.learn(feed), readPositions()]);
      // Who is in the room already gets everything from the feed, which may still bring its user's leaving.
      if (rejoining) await feed.sequencer.catchUp(opened.seq);
      else if (!(await cutOver())) return false;
      shown = positions();
    }

    // Live: in the same turn of the event loop, so that no entry comes between the buffer and the subscription.
    if (client.closed || (rejoining && !feed.clients.has(client))) return false;
    // The database was restored meanwhile: what was read before is void.
    if (feed.restarts !== restarts) throw new ChatError("service_unavailable", { retryAfter: 1 });
    if (!rejoining) {
      if (!send(feed.replay.since(0), Number.POSITIVE_INFINITY)) return false;
      feed.subscribe(client);
    }
    onJoined({ feed, opened, positions: shown });
    // States (read marks, typing) that changed since: sending one twice is harmless, missing one would last. Positions that
    // others asked for earlier have marks that are older than this join.
    const older = feed.positions.marks === marks ? marks.slice(0, marksBefore) : [];
    const states = missed ? missed(feed) : [...older, ...feed.liveReplay.since(liveOffset)];
    for (const { header, frame } of states) {
      if (isFor(client.userId, header)) client.socket.send(frame);
    }
    return true;
  } finally {
    lease.release();
  }
}

/**
 * Resolves when most of what the client was sent has left, or the client has closed. One that takes nothing for so long is closed:
 * it would hold what is read for it.
 */
async function untilDrained(client: Client, maxStallMs: number): Promise<void> {
  const { socket } = client;
  let shrunkAt = performance.now();
  for (let before = socket.bufferedBytes; before > maxBufferedBytes && !client.closed; ) {
    await sleep(pollIntervalMs);
    const now = socket.bufferedBytes;
    if (now < before) shrunkAt = performance.now();
    else if (performance.now() - shrunkAt > maxStallMs) socket.close(closeCodes.slow_consumer.code, "slow consumer");
    before = now;
  }
}

function emitHidden(client: Client, chatRoomId: string, messageId: string): void {
  client.emit("message_deleted", { chatRoomId, messageId, deleteFor: "sender", deletedBy: client.userId });
}

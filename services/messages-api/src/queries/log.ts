// The room log, for gateways: opening a room for a socket, and reading what was missed.
import { ChatError, type messagesRpc, type RpcAnswer } from "@khui/contracts";
import type { Context } from "../context.js";
import { renderEntry, viewOf } from "../render.js";
import { accessRoom, hiddenSince, readLog } from "../store/history.js";
import { readPositions } from "../store/positions.js";
import { asManyAsFit } from "./answer-size.js";
import { orThrow } from "./or-throw.js";

/** Entries of one answer at most. */
const maxEntries = 500;
/** A client further behind than this is better served by fetching the room again. */
const maxResumedEntries = 10_000;
/** The same for messages that the user has hidden meanwhile. */
const maxHidden = 1_000;
/** Read positions sent on joining: a room's screen shows no more. */
const maxPositions = 200;

/**
 * Lets a user's socket into a room: access, head, the first of what was missed after `afterSeq`, and the states that are read
 * again on every join. Throws room_not_found, not_a_participant.
 */
export async function openRoom(
  context: Context,
  userId: string,
  roomId: string,
  afterSeq: number | undefined,
): Promise<RpcAnswer<typeof messagesRpc.openRoom>> {
  const access = orThrow(await accessRoom(context.db, roomId, userId));
  const from = afterSeq === undefined ? undefined : Math.min(afterSeq, access.seq);
  const resync = from !== undefined && (from < access.floor || access.seq - from > maxResumedEntries);
  const resuming = from !== undefined && !resync;
  const [positions, log, hidden] = await Promise.all([
    readPositions(context.db, roomId, userId, maxPositions),
    resuming ? logPage(context, roomId, from) : undefined,
    resuming ? hiddenSince(context.db, roomId, userId, from, maxHidden + 1) : [],
  ]);
  const answer = { seq: access.seq, members: access.members, positions };
  if (hidden.length > maxHidden) return { ...answer, resync: true, entries: [], hidden: [] };
  return { ...answer, resync, entries: log?.entries ?? [], hidden };
}

/** Entries after a number, as many as fit in one answer. Throws room_not_found. */
export async function logPage(
  context: Context,
  roomId: string,
  afterSeq: number,
): Promise<RpcAnswer<typeof messagesRpc.readLog>> {
  const page = await readLog(context.db, roomId, afterSeq, maxEntries);
  if (!page) throw new ChatError("room_not_found");
  const view = await viewOf(
    context,
    page.entries.map(({ message }) => message),
  );
  const entries = asManyAsFit(
    page.entries.map(({ entry, message }) => renderEntry(entry, message, view)),
    ({ body }) => Buffer.byteLength(body),
  );
  return { seq: page.seq, floor: page.floor, entries };
}

// The room log, for gateways: reading what was missed.
import { ChatError, type messagesRpc, type RpcAnswer } from "@khui/contracts";
import type { Context } from "../context.js";
import { renderEntry, viewOf } from "../render.js";
import { readLog } from "../store/history.js";
import { asManyAsFit } from "./answer-size.js";

/** Entries of one answer at most. */
const maxEntries = 500;

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

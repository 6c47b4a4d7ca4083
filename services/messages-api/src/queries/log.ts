// The room log, for gateways: reading what was missed.
import { ChatError, type messagesRpc, type RpcAnswer } from "@khui/contracts";
import type { Context } from "../context.js";
import { renderEntry, viewOf } from "../render.js";
import { readLogs } from "../store/history.js";
import { asManyAsFit } from "./answer-size.js";

/** Entries of one answer at most. */
const maxEntries = 500;

type LogPages = RpcAnswer<typeof messagesRpc.readLogs>["pages"];

/** Of each room, entries after a number: as many as fit in one answer, see the contract of `readLogs`. */
export async function logPages(
  context: Context,
  rooms: ReadonlyArray<{ roomId: string; afterSeq: number }>,
): Promise<LogPages> {
  const logs = await readLogs(context.db, rooms, maxEntries);
  const found = logs.flatMap((log) => log?.entries ?? []);
  const view = await viewOf(
    context,
    found.map(({ message }) => message),
  );
  const rendered = found.map(({ entry, message }) => renderEntry(entry, message, view));
  const fitting = asManyAsFit(rendered, ({ body }) => Buffer.byteLength(body));
  const pages: LogPages = [];
  for (const log of logs) {
    const count = log?.entries.length ?? 0;
    const entries = fitting.splice(0, count);
    if (entries.length > 0 || count === 0) pages.push(log ? { seq: log.seq, floor: log.floor, entries } : null);
    if (entries.length < count) break;
  }
  return pages;
}

/** The page of one room. Throws room_not_found. */
export async function logPage(
  context: Context,
  roomId: string,
  afterSeq: number,
): Promise<RpcAnswer<typeof messagesRpc.readLog>> {
  const [page] = await logPages(context, [{ roomId, afterSeq }]);
  if (!page) throw new ChatError("room_not_found");
  return page;
}

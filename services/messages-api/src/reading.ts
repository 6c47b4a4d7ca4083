// What others read of this service: pages, the room list, and the log for gateways.
import {
  ChatError,
  type ErrorCode,
  type messagesRpc,
  type RoomActivity,
  type RouteAnswer,
  type RpcAnswer,
  type routes,
  smallRoomLimit,
} from "@khui/contracts";
import { type Context, viewOf } from "./context.js";
import { renderEntry, renderMessage, renderParticipant, renderRoom, statusFor } from "./render.js";
import { accessRoom, hiddenSince, readLog, roomStats } from "./store/history.js";
import { type PageRequest, readPage } from "./store/page.js";
import { readPositions } from "./store/positions.js";
import {
  contactsOf,
  describeRoom,
  describeRooms,
  listParticipants,
  listRooms,
  type RoomRow,
} from "./store/room-list.js";

/** Bytes of one answer with many things, and log entries at most: well below the bus' largest message of 1 MB. */
const maxAnswerBytes = 400_000;
const maxEntries = 500;
/** A client further behind than this is better served by a fresh fetch. */
const longestResume = 10_000;
const longestHidden = 1_000;
/** Read positions told on joining: a room's screen shows no more. */
const shownPositions = 200;

function orThrow<T extends object>(value: T | ErrorCode): T {
  if (typeof value === "string") throw new ChatError(value);
  return value;
}

/** A page of messages as REST answers it. */
export async function messagesPage(
  context: Context,
  request: PageRequest,
): Promise<RouteAnswer<typeof routes.listMessages>> {
  const page = orThrow(await readPage(context.db, request));
  const view = await viewOf(context, page.messages);
  return {
    messages: page.messages.map((row) => renderMessage(row, view, statusFor(row, request.userId, page))),
    seq: page.seq,
    hasMore: page.hasMore,
    pagination: {
      currentPage: request.page,
      totalPages: Math.max(1, Math.ceil(page.places / request.limit)),
      total: page.places,
      limit: request.limit,
    },
  };
}

export async function roomsOf(
  context: Context,
  userId: string,
  page: number,
  limit: number,
): Promise<RpcAnswer<typeof messagesRpc.listRooms>> {
  const { rooms, total } = await listRooms(context.db, userId, page, limit);
  return { ...(await firstRooms(context, userId, rooms)), total };
}

/** Those of these rooms that the user is in. */
export async function roomsAmong(
  context: Context,
  userId: string,
  roomIds: readonly string[],
): Promise<RpcAnswer<typeof messagesRpc.describeRooms>> {
  const found = new Map((await describeRooms(context.db, userId, roomIds)).map((row) => [row.id, row]));
  const inOrder = roomIds.flatMap((roomId) => found.get(roomId) ?? []);
  return firstRooms(context, userId, inOrder);
}

async function firstRooms(context: Context, userId: string, rows: readonly RoomRow[]) {
  const view = await viewOf(
    context,
    rows.map(({ last }) => last),
  );
  const rooms = asManyAsFit(
    rows.map((row) => renderRoom(row, userId, view)),
    sizeInJson,
  );
  return { rooms, rest: rows.slice(rooms.length).map(({ id }) => id) };
}

/** People who share a small room with the user: see `contactsOf`. */
export async function contactsIn(context: Context, userId: string): Promise<RpcAnswer<typeof messagesRpc.contacts>> {
  const userIds = await contactsOf(context.db, userId, smallRoomLimit);
  return { userIds: asManyAsFit(userIds, sizeInJson) };
}

const sizeInJson = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** The first of these, as many as fit in one answer: one in any case. */
function asManyAsFit<Item>(items: readonly Item[], sizeOf: (item: Item) => number): Item[] {
  let bytes = 0;
  const end = items.findIndex((item, n) => {
    bytes += sizeOf(item);
    return n > 0 && bytes > maxAnswerBytes;
  });
  return items.slice(0, end === -1 ? items.length : end);
}

export async function roomOf(context: Context, userId: string, roomId: string): Promise<RoomActivity> {
  const room = orThrow(await describeRoom(context.db, userId, roomId));
  return renderRoom(room, userId, await viewOf(context, [room.last]));
}

export async function participantsOf(context: Context, userId: string, roomId: string, page: number, limit: number) {
  const found = orThrow(await listParticipants(context.db, userId, roomId, page, limit));
  return { participants: found.participants.map(renderParticipant), total: found.total };
}

export async function statsOf(
  context: Context,
  userId: string,
  roomId: string,
): Promise<RouteAnswer<typeof routes.roomStats>> {
  const { byType, reactions, activeUsers } = orThrow(await roomStats(context.db, roomId, userId));
  return {
    stats: {
      totalMessages: byType.reduce((sum, { count }) => sum + count, 0),
      messagesByType: [...byType],
      totalReactions: reactions,
      activeUsers,
    },
  };
}

/** Lets a user's socket in: access, head, the first of what was missed, and the states that are re-read on join. */
export async function openRoom(
  context: Context,
  userId: string,
  roomId: string,
  afterSeq: number | undefined,
): Promise<RpcAnswer<typeof messagesRpc.openRoom>> {
  const access = orThrow(await accessRoom(context.db, roomId, userId));
  const from = afterSeq === undefined ? undefined : Math.min(afterSeq, access.seq);
  const resync = from !== undefined && (from < access.floor || access.seq - from > longestResume);
  const resuming = from !== undefined && !resync;
  const [positions, log, hidden] = await Promise.all([
    readPositions(context.db, roomId, userId, shownPositions),
    resuming ? logPage(context, roomId, from) : undefined,
    resuming ? hiddenSince(context.db, roomId, userId, from, longestHidden + 1) : [],
  ]);
  const answer = { seq: access.seq, members: access.members, positions };
  if (hidden.length > longestHidden) return { ...answer, resync: true, entries: [], hidden: [] };
  return { ...answer, resync, entries: log?.entries ?? [], hidden };
}

/** Entries after a number, as many as fit in one answer. */
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

// Opening rooms for the sockets that join them: access, head, and the states that are read again on every join.
import { ChatError, type ErrorCode, type messagesRpc, type OpenedRoom, type RpcAnswer } from "@khui/contracts";
import type { Context } from "../context.js";
import { accessRooms, hiddenSince, type Join, type RoomAccess } from "../store/history.js";
import { readPositions } from "../store/positions.js";
import { asManyAsFit, sizeInJson } from "./answer-size.js";
import { logPage } from "./log.js";

/** A client further behind than this is better served by fetching the room again. */
const maxResumedEntries = 10_000;
/** The same for messages that the user has hidden meanwhile. */
const maxHidden = 1_000;
/** Joins of one answer with messages hidden since. */
const maxHiddenReads = 16;
/** Read positions of one room: its screen shows no more. */
const maxPositions = 200;

/**
 * Of these joins as many as fit in one answer, each with the room or an error code. Messages that users have hidden are read only
 * where there are any, and for a few joins at a time.
 */
export async function openRooms(
  { db }: Pick<Context, "db">,
  joins: readonly Join[],
): Promise<RpcAnswer<typeof messagesRpc.openRooms>> {
  const accesses = await accessRooms(db, joins);
  const rooms: RpcAnswer<typeof messagesRpc.openRooms>["rooms"] = [];
  const hiding: Array<{ n: number; join: Required<Join> }> = [];
  for (const [n, access] of accesses.entries()) {
    const { userId, roomId, afterSeq = 0 } = joins[n]!;
    if (typeof access !== "string" && access.hasHidden) {
      if (hiding.length === maxHiddenReads) break;
      hiding.push({ n, join: { userId, roomId, afterSeq: Math.min(afterSeq, access.seq) } });
    }
    rooms.push(typeof access === "string" ? { code: access } : opened(access, joins[n]!));
  }
  if (hiding.length > 0) {
    const hidden = await hiddenSince(
      db,
      hiding.map(({ join }) => join),
      maxHidden + 1,
    );
    for (const [i, { n }] of hiding.entries()) rooms[n] = withHidden(rooms[n] as OpenedRoom, hidden[i]!);
  }
  return { rooms: asManyAsFit(rooms, sizeInJson) };
}

/** A number beyond the head is one of a history that was lost when the database was restored. */
function opened({ seq, epoch, floor, members, position }: RoomAccess, { afterSeq }: Join): OpenedRoom {
  const isLost = afterSeq !== undefined && (afterSeq < floor || afterSeq > seq || seq - afterSeq > maxResumedEntries);
  return { seq, epoch, members, ...(isLost ? { resync: true } : {}), ...(position ? { position } : {}) };
}

function withHidden(room: OpenedRoom, hidden: string[]): OpenedRoom {
  if (room.resync) return room;
  return hidden.length > maxHidden ? { ...room, resync: true } : { ...room, hidden };
}

/** One room as replicas of the release before ask for it. Throws room_not_found, not_a_participant. */
export async function openRoom(context: Context, join: Join): Promise<RpcAnswer<typeof messagesRpc.openRoom>> {
  const [room] = (await openRooms(context, [join])).rooms;
  if (!room || "code" in room) throw new ChatError((room?.code ?? "room_not_found") as ErrorCode);
  const resuming = join.afterSeq !== undefined && !room.resync;
  const [log, [positions = []]] = await Promise.all([
    resuming ? logPage(context, join.roomId, join.afterSeq) : undefined,
    readPositions(context.db, [join.roomId], maxPositions),
  ]);
  const isOwn = ({ userId }: { userId: string }) => userId === join.userId;
  const own = positions.find(isOwn) ?? room.position;
  return {
    seq: room.seq,
    members: room.members,
    resync: room.resync ?? false,
    entries: log?.entries ?? [],
    positions: [...(own ? [own] : []), ...positions.filter((position) => !isOwn(position))],
    hidden: room.hidden ?? [],
  };
}

/** The read positions of these rooms as JSON, of as many rooms as fit in one answer. */
export async function positionsOf(
  { db }: Pick<Context, "db">,
  roomIds: readonly string[],
): Promise<RpcAnswer<typeof messagesRpc.readPositions>> {
  const rooms = await readPositions(db, roomIds, maxPositions);
  return {
    positions: asManyAsFit(
      rooms.map((positions) => JSON.stringify(positions)),
      sizeInJson,
    ),
  };
}

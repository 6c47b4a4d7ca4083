// Appends rooms-api's changes of membership and settings to the log, and announces what was appended.
import type { RoomChange } from "@khui/contracts";
import { ObjectId } from "bson";
import type { Context } from "../context.js";
import { renderEntry, viewOf } from "../render.js";
import { readLog } from "../store/history.js";
import { applyRoomChange } from "../store/membership.js";
import { applyProjection } from "../store/projection.js";

/**
 * Applies change `changeNo`, once and only after the one before (a projection after any). Returns the last change number applied, so that rooms-api can
 * deliver what is missing before.
 */
export async function appendRoomChange(
  context: Context,
  roomId: string,
  changeNo: number,
  change: RoomChange,
): Promise<{ applied: number }> {
  const messageId = new ObjectId().toHexString();
  const { applied, entries } = await context.roomQueue.run(roomId, () =>
    change.kind === "projected"
      ? applyProjection(context.db, roomId, changeNo, change)
      : applyRoomChange(context.db, roomId, changeNo, change, messageId),
  );
  context.announce.membersAdded(roomId, addedBy(change));
  const first = entries[0];
  if (first) {
    const page = await readLog(context.db, roomId, first.seq - 1, entries.length);
    const found = page?.entries ?? [];
    const view = await viewOf(
      context,
      found.map(({ message }) => message),
    );
    for (const { entry, message } of found) context.announce.logEntry(roomId, renderEntry(entry, message, view));
  }
  return { applied };
}

/** Also for a change applied before: gateways that missed the announcement get another chance. */
function addedBy(change: RoomChange): string[] {
  if (change.kind === "created" || change.kind === "projected") return change.members.map(({ userId }) => userId);
  if (change.kind === "added") return change.userIds;
  return change.kind === "joined" ? [change.userId] : [];
}

// Takes rooms-api's changes into the log and announces what they appended.
import type { RoomChange } from "@khui/contracts";
import { ObjectId } from "bson";
import { type Context, viewOf } from "./context.js";
import { renderEntry } from "./render.js";
import { readLog } from "./store/history.js";
import { applyRoomChange } from "./store/membership.js";

/** Returns the last change number taken, so that rooms-api can hand over what is missing before. */
export async function takeRoomChange(
  context: Context,
  roomId: string,
  changeNo: number,
  change: RoomChange,
): Promise<{ applied: number }> {
  const messageId = new ObjectId().toHexString();
  const { applied, entries } = await context.queue.run(roomId, () =>
    applyRoomChange(context.db, roomId, changeNo, change, messageId),
  );
  if (change.kind === "created")
    context.announce.added(
      roomId,
      change.members.map(({ userId }) => userId),
    );
  if (change.kind === "joined") context.announce.added(roomId, [change.userId]);
  const first = entries[0];
  if (first) {
    const page = await readLog(context.db, roomId, first.seq - 1, entries.length);
    const found = page?.entries ?? [];
    const view = await viewOf(
      context,
      found.map(({ message }) => message),
    );
    for (const { entry, message } of found) context.announce.entry(roomId, renderEntry(entry, message, view));
  }
  return { applied };
}

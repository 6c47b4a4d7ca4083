// Rooms, members and messages as the store's tests make them.
import { randomUUID } from "node:crypto";
import { defaultSettings } from "@khui/contracts";
import type { Db } from "@khui/database";
import { ObjectId } from "bson";
import { applyRoomChange } from "../src/store/membership.js";
import type { NewMessage } from "../src/store/send.js";

export const newId = () => new ObjectId().toHexString();
export const newUser = (name: string) => `${name} ${randomUUID()}`;

/** A group of these people, the first of them admin. */
export async function makeRoom(db: Db, userIds: readonly string[], roomId = newId()): Promise<string> {
  const members = userIds.map((userId, i) => ({ userId, role: i === 0 ? ("admin" as const) : ("member" as const) }));
  const created = { kind: "created" as const, type: "group" as const, settings: defaultSettings, members };
  await applyRoomChange(db, roomId, 1, created, newId());
  return roomId;
}

/** A text as it goes into the store. */
export function text(roomId: string, senderId: string, fields: Partial<NewMessage> = {}): NewMessage {
  return {
    id: newId(),
    roomId,
    senderId,
    type: "text",
    content: "a text",
    media: null,
    sticker: null,
    replyTo: null,
    forwarded: null,
    sourceId: null,
    clientId: null,
    clientDigest: null,
    ...fields,
  };
}

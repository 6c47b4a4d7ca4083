// Files in messages: what clients see of them, what is kept, and what media-service answers over the bus.
import { type Static, Type } from "typebox";
import { defineRpc } from "./rpc.js";
import { ClientMessageId, Nullable, ObjectId, OneOf, Text } from "./scalars.js";

export const MediaKind = OneOf("image", "video", "audio", "file");
export type MediaKind = Static<typeof MediaKind>;

const facts = {
  originalName: Type.String(),
  mimeType: Type.String(),
  size: Type.Integer({ minimum: 0, description: "bytes" }),
  duration: Type.Optional(Type.Number({ minimum: 0, description: "seconds" })),
  dimensions: Type.Optional(Type.Object({ width: Type.Integer(), height: Type.Integer() })),
};

export const MediaInfo = Type.Object({
  ...facts,
  thumbnail: Type.Optional(Type.String({ description: "address of a WebP picture of at most 320 px" })),
  url: Type.String({ description: "signed, expiring; a fresh one comes with every answer and event" }),
});
export type MediaInfo = Static<typeof MediaInfo>;

/** What a message keeps of its file. Addresses are made and signed when it is shown. */
export const StoredMedia = Type.Object({ ...facts, fileId: ObjectId, hasThumbnail: Type.Boolean() });
export type StoredMedia = Static<typeof StoredMedia>;

/** The fields of the upload form beside `file`. */
export const UploadFields = Type.Object({
  type: MediaKind,
  content: Type.Optional(Text(0, 40_000)),
  replyTo: Type.Optional(Nullable(ObjectId)),
  clientMessageId: Type.Optional(ClientMessageId),
});
export type UploadFields = Static<typeof UploadFields>;

/** Where files are served. The name is the one under which it is saved; it decides nothing else. */
export const mediaPaths = {
  file: (fileId: string, name: string) => `/api/v1/chat/media/${fileId}/file/${encodeURIComponent(name)}`,
  thumbnail: (fileId: string) => `/api/v1/chat/media/${fileId}/thumbnail`,
} as const;

export const mediaRpc = {
  /** Removes files that no message uses any more. One that is gone already is no failure. */
  remove: defineRpc("media.remove", Type.Object({ fileIds: Type.Array(ObjectId, { maxItems: 100 }) }), Type.Object({})),
} as const;

// Files in messages: what clients see, what is stored, and the RPC of media-service.
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

/** What a message stores about its file. Links are signed when the message is served. */
export const StoredMedia = Type.Object({ ...facts, fileId: ObjectId, hasThumbnail: Type.Boolean() });
export type StoredMedia = Static<typeof StoredMedia>;

/** The fields of the upload form besides `file`. */
export const UploadFields = Type.Object({
  type: MediaKind,
  content: Type.Optional(Text(0, 40_000)),
  replyTo: Type.Optional(Nullable(ObjectId)),
  clientMessageId: Type.Optional(ClientMessageId),
});
export type UploadFields = Static<typeof UploadFields>;

/** Where files are served. The name is only the one under which browsers save the file. */
export const mediaPaths = {
  file: (fileId: string, name: string) => `/api/v1/chat/media/${fileId}/file/${encodeURIComponent(name)}`,
  thumbnail: (fileId: string) => `/api/v1/chat/media/${fileId}/thumbnail`,
} as const;

/** Sides of the squares that an avatar has, in pixels. */
export const avatarSizes = [96, 256, 512] as const;

/** The address of one size of an avatar, under our origin. `digest` has 40 hexadecimal digits. */
export const avatarPath = (digest: string, size: number | string) => `/api/v1/chat/avatars/${digest}/${size}.webp`;

export const UploadedAvatar = Type.Object({
  avatar: Type.String({
    description: "the address for `avatar` of rooms, users and tokens: 256 pixels, for anyone, for ever",
  }),
  sizes: Type.Object(Object.fromEntries(avatarSizes.map((size) => [size, Type.String()])), {
    description: "the address of each size, by the side of its square in pixels",
  }),
});
export type UploadedAvatar = Static<typeof UploadedAvatar>;

export const mediaRpc = {
  /** Removes files that no message uses any more. A file that does not exist is not an error. */
  remove: defineRpc("media.remove", Type.Object({ fileIds: Type.Array(ObjectId, { maxItems: 100 }) }), Type.Object({})),
} as const;

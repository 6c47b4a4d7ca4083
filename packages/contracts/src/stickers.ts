// Sticker sets: what clients see, and the manifest from which a set is published.
import { type Static, Type } from "typebox";
import { Nullable, ObjectId, OneOf, Text, Timestamp } from "./scalars.js";

export const StickerType = OneOf("static", "animated", "interactive");
export type StickerType = Static<typeof StickerType>;

const Slug = (max: number) =>
  Type.String({ maxLength: max, pattern: `^[a-z0-9](?:[a-z0-9-]{0,${max - 2}}[a-z0-9])?$` });
const Wording = (max: number) => Type.Object({ th: Text(1, max), en: Text(1, max) });
const Keywords = Type.Array(Text(1, 60), { maxItems: 40 });

/** One metadata field that a sender may set on an interactive sticker. */
export const StickerField = Type.Union([
  Type.Object({
    type: Type.Literal("choice"),
    values: Type.Array(Text(1, 60), { minItems: 1, maxItems: 50 }),
    required: Type.Optional(Type.Boolean()),
  }),
  Type.Object({
    type: Type.Literal("integer"),
    minimum: Type.Integer(),
    maximum: Type.Integer(),
    required: Type.Optional(Type.Boolean()),
  }),
  Type.Object({
    type: Type.Literal("text"),
    maxLength: Type.Integer({ minimum: 1, maximum: 1000 }),
    required: Type.Optional(Type.Boolean()),
  }),
]);
export type StickerField = Static<typeof StickerField>;

const takes = Type.Record(Type.String({ pattern: "^(?!outcome$|outcomeName$)[a-z][A-Za-z0-9]{0,39}$" }), StickerField, {
  maxProperties: 40,
  description: "what `metadata` may hold, by name",
});

export const Sticker = Type.Object({
  setId: ObjectId,
  stickerId: Type.String(),
  type: StickerType,
  name: Wording(80),
  keywords: Type.Array(Type.String()),
  emoji: Nullable(Type.String()),
  url: Type.String(),
  width: Type.Integer(),
  height: Type.Integer(),
  interactive: Nullable(
    Type.Object({
      takes,
      outcomes: Type.Array(Type.Object({ id: Type.String(), name: Wording(80), url: Type.String() })),
    }),
  ),
});
export type Sticker = Static<typeof Sticker>;

export const StickerSet = Type.Object({
  _id: ObjectId,
  key: Type.String(),
  title: Wording(80),
  description: Nullable(Wording(500)),
  author: Type.String(),
  category: Type.String(),
  keywords: Type.Array(Type.String()),
  type: StickerType,
  free: Type.Boolean({ description: "may be sent without being downloaded first" }),
  cover: Type.String(),
  stickerCount: Type.Integer(),
  retired: Type.Boolean({ description: "no longer to be had; who has it keeps it" }),
  owned: Type.Boolean({ description: "in the collection of the one who asks" }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type StickerSet = Static<typeof StickerSet>;

/** A downloaded set: all that an app needs to show and send the stickers. */
export const StickerSetManifest = Type.Object({ ...StickerSet.properties, stickers: Type.Array(Sticker) });
export type StickerSetManifest = Static<typeof StickerSetManifest>;

/**
 * What a message stores about its sticker: enough to show it after the set is retired. The picture is stored as a path and
 * served as a link.
 */
export const StickerInfo = Type.Object({
  setId: ObjectId,
  stickerId: Type.String(),
  type: StickerType,
  metadata: Type.Record(Type.String(), Type.Unknown(), {
    description:
      "what the sender gave; of an interactive sticker also `outcome` and `outcomeName`, drawn by the server",
  }),
  url: Type.String({ description: "the picture; of an interactive sticker the outcome's" }),
  name: Wording(80),
  emoji: Nullable(Type.String()),
  width: Type.Integer(),
  height: Type.Integer(),
});
export type StickerInfo = Static<typeof StickerInfo>;

export const SendSticker = Type.Object({
  setId: ObjectId,
  stickerId: Text(1, 64),
  stickerType: StickerType,
  metadata: Type.Optional(Nullable(Type.Record(Text(1, 40), Type.Unknown(), { maxProperties: 40 }))),
  replyTo: Type.Optional(Nullable(ObjectId)),
  clientMessageId: Type.Optional(Text(1, 128)),
});
export type SendSticker = Static<typeof SendSticker>;

const FileName = Type.String({ maxLength: 100, pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$" });

/** `manifest.json` of a set's folder or archive. The files are next to it. */
export const StickerManifest = Type.Object(
  {
    key: Slug(64),
    title: Wording(80),
    description: Type.Optional(Wording(500)),
    author: Text(1, 80),
    category: Slug(40),
    keywords: Keywords,
    type: StickerType,
    free: Type.Boolean(),
    cover: FileName,
    stickers: Type.Array(
      Type.Object(
        {
          id: Slug(64),
          name: Wording(80),
          keywords: Keywords,
          emoji: Type.Optional(Text(1, 32)),
          file: FileName,
          interactive: Type.Optional(
            Type.Object(
              {
                takes,
                outcomes: Type.Array(
                  Type.Object(
                    {
                      id: Slug(40),
                      name: Wording(80),
                      file: FileName,
                      weight: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
                    },
                    { additionalProperties: false },
                  ),
                  { minItems: 2, maxItems: 100 },
                ),
              },
              { additionalProperties: false },
            ),
          ),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 120 },
    ),
  },
  { additionalProperties: false },
);
export type StickerManifest = Static<typeof StickerManifest>;

/** Where sticker pictures are served, to anyone: the name is a digest of the bytes, so they are immutable. */
export const stickerAssetPath = (asset: string) => `/api/v1/chat/stickers/assets/${asset}`;

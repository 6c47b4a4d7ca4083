// Sets and stickers as clients see them.
import {
  type Sticker,
  type StickerSet,
  type StickerSetManifest,
  type StickerType,
  stickerAssetPath,
} from "@khui/contracts";
import type { SetRow, StickerRow } from "./store/tables.js";

/** The URL of an asset. Pages of other origins show it, so it is absolute where our origin is known. */
export type AssetUrl = (asset: string) => string;

/** `publicUrl` returns the origin of the edge for clients, without a trailing slash, or an empty text. */
export const assetUrlsAt =
  (publicUrl: () => string): AssetUrl =>
  (asset) =>
    publicUrl() + stickerAssetPath(asset);

export function renderSet(set: SetRow, assetUrl: AssetUrl): StickerSet {
  return {
    _id: set.id,
    key: set.key,
    title: set.title,
    description: set.description,
    author: set.author,
    category: set.category,
    keywords: set.keywords,
    type: set.type,
    free: set.free,
    cover: assetUrl(set.cover),
    stickerCount: set.sticker_count,
    retired: set.retired,
    owned: set.owned,
    createdAt: set.created_at.toISOString(),
    updatedAt: set.updated_at.toISOString(),
  };
}

/** Weights are not rendered: clients see the possible outcomes, not how likely they are. */
export function renderSticker(sticker: StickerRow, type: StickerType, assetUrl: AssetUrl): Sticker {
  const { interactive } = sticker;
  return {
    setId: sticker.set_id,
    stickerId: sticker.id,
    type,
    name: sticker.name,
    keywords: sticker.keywords,
    emoji: sticker.emoji,
    url: assetUrl(sticker.asset),
    width: sticker.width,
    height: sticker.height,
    interactive: interactive && {
      takes: interactive.takes,
      outcomes: interactive.outcomes.map(({ id, name, asset }) => ({ id, name, url: assetUrl(asset) })),
    },
  };
}

/** `stickers` may include those of other sets. */
export function renderManifest(set: SetRow, stickers: readonly StickerRow[], assetUrl: AssetUrl): StickerSetManifest {
  const own = stickers.filter(({ set_id }) => set_id === set.id);
  return { ...renderSet(set, assetUrl), stickers: own.map((sticker) => renderSticker(sticker, set.type, assetUrl)) };
}

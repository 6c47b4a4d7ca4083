// Sets and stickers as clients see them.
import {
  type Sticker,
  type StickerSet,
  type StickerSetManifest,
  type StickerType,
  stickerAssetPath,
} from "@khui/contracts";
import type { SetRow, StickerRow } from "./store/tables.js";

/** The address of an asset. Pages of other origins show it, so it names ours where that is known. */
export type AddressOf = (asset: string) => string;

/** `publicUrl` answers what clients reach the edge by, without a slash at its end, or nothing. */
export const addressesAt =
  (publicUrl: () => string): AddressOf =>
  (asset) =>
    publicUrl() + stickerAssetPath(asset);

export function renderSet(set: SetRow, addressOf: AddressOf): StickerSet {
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
    cover: addressOf(set.cover),
    stickerCount: set.sticker_count,
    retired: set.retired,
    owned: set.owned,
    createdAt: set.created_at.toISOString(),
    updatedAt: set.updated_at.toISOString(),
  };
}

/** An outcome's weight stays here: clients see what may come, not how likely it is. */
export function renderSticker(sticker: StickerRow, type: StickerType, addressOf: AddressOf): Sticker {
  const { interactive } = sticker;
  return {
    setId: sticker.set_id,
    stickerId: sticker.id,
    type,
    name: sticker.name,
    keywords: sticker.keywords,
    emoji: sticker.emoji,
    url: addressOf(sticker.asset),
    width: sticker.width,
    height: sticker.height,
    interactive: interactive && {
      takes: interactive.takes,
      outcomes: interactive.outcomes.map(({ id, name, asset }) => ({ id, name, url: addressOf(asset) })),
    },
  };
}

/** `stickers` may hold those of other sets as well. */
export function renderManifest(set: SetRow, stickers: readonly StickerRow[], addressOf: AddressOf): StickerSetManifest {
  const own = stickers.filter(({ set_id }) => set_id === set.id);
  return { ...renderSet(set, addressOf), stickers: own.map((sticker) => renderSticker(sticker, set.type, addressOf)) };
}

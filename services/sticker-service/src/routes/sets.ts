// Sets and stickers over REST: list, search, download.
import { ChatError, routes } from "@khui/contracts";
import type { Db } from "@khui/database";
import { type mounter, pagination } from "@khui/service/http";
import { type AssetUrl, renderManifest, renderSet, renderSticker } from "../render.js";
import { readQuery } from "../search-text.js";
import { addToCollection, collectionOf, knownSet, stickersOf } from "../store/catalogue.js";
import { listSets } from "../store/set-list.js";
import { searchStickers } from "../store/sticker-search.js";

/** Mounts the routes of sets, collections and the search. */
export function mountSets(mount: ReturnType<typeof mounter>, db: Db, assetUrl: AssetUrl): void {
  mount(routes.listStickerSets, async ({ query: { page, limit, category, search = "" }, identity }) => {
    const filter = { category: category?.toLowerCase() || undefined, words: readQuery(search).words };
    const { sets, total } = await listSets(db, identity.userId, filter, page, limit);
    return { stickerSets: sets.map((set) => renderSet(set, assetUrl)), pagination: pagination(page, limit, total) };
  });

  mount(routes.getStickerSet, async ({ params, identity }) => ({
    stickerSet: renderSet(await knownSet(db, identity.userId, params.setId), assetUrl),
  }));

  mount(routes.listStickers, async ({ params, identity }) => {
    const set = await knownSet(db, identity.userId, params.setId);
    const stickers = await stickersOf(db, [set.id]);
    return { stickers: stickers.map((sticker) => renderSticker(sticker, set.type, assetUrl)) };
  });

  mount(routes.downloadStickerSet, async ({ params, identity, localize }) => {
    const set = await knownSet(db, identity.userId, params.setId);
    if (!(await addToCollection(db, identity.userId, set.id))) throw new ChatError("sticker_set_retired");
    const data = renderManifest({ ...set, owned: true }, await stickersOf(db, [set.id]), assetUrl);
    return { message: localize("sticker_set_downloaded"), data };
  });

  mount(routes.myStickerSets, async ({ query: { page, limit }, identity }) => {
    const { sets, total } = await collectionOf(db, identity.userId, page, limit);
    const ids = sets.map(({ id }) => id);
    const stickers = await stickersOf(db, ids);
    const collections = sets.map((set) => renderManifest(set, stickers, assetUrl));
    return { collections, pagination: pagination(page, limit, total) };
  });

  mount(routes.searchStickers, async ({ query: { q, limit }, identity }) => {
    const textQuery = readQuery(q);
    const found =
      textQuery.words.patterns.length > 0 ? await searchStickers(db, identity.userId, textQuery, limit) : [];
    return { stickers: found.map((sticker) => renderSticker(sticker, sticker.type, assetUrl)) };
  });
}

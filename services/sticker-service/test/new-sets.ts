// Minimal sets to be written.
import type { NewSet } from "../src/store/publishing.js";

type NewSticker = NewSet["stickers"][number];

export function newSet(key: string, more: Partial<NewSet> = {}): NewSet {
  return {
    id: `id of ${key}`,
    key,
    title: { th: "ชุด", en: "Set" },
    description: null,
    author: "Author",
    category: "cats",
    keywords: [],
    type: "static",
    free: true,
    cover: "cover",
    digest: "digest",
    searchText: "\nset\n",
    titles: "\nset\n",
    stickers: [newSticker("a", "\nhello\n")],
    ...more,
  };
}

/** `terms` as foldTerms gives them. */
export function newSticker(id: string, terms: string): NewSticker {
  const name = { th: "สติกเกอร์", en: "Sticker" };
  return { id, name, keywords: [], emoji: null, asset: "asset", width: 320, height: 320, interactive: null, terms };
}

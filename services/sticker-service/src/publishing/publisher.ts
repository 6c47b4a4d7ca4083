// Publishes checked sets: the pictures first, then the set with all its stickers at once.
import type { Blobs } from "@khui/blobs";
import type { Db } from "@khui/database";
import { ObjectId } from "bson";
import { storePictures } from "../pictures/assets.js";
import type { Picture } from "../pictures/pictures.js";
import { foldTerms } from "../search-text.js";
import { type NewSet, type Saved, saveSet } from "../store/publishing.js";
import type { Interactive } from "../store/tables.js";
import type { CheckedSet } from "./checks.js";

export interface Publisher {
  /**
   * Publishes a set, or updates the one of that key; publishing the same set again changes nothing, but restores pictures that the store
   * has lost. A retired set is published again; with `starter` it stays retired, and one that an administrator has published stays as it
   * is. A set is never listed without its pictures. Pictures are never removed, not even after a failure: other replicas may rely on them,
   * and messages show pictures that an update no longer names. Throws service_unavailable.
   */
  publish(set: CheckedSet, options?: { readonly starter?: boolean }): Promise<Saved>;
}

export function createPublisher(db: Db, blobs: Blobs): Publisher {
  return {
    async publish(set, { starter = false } = {}) {
      await storePictures(blobs, set.pictures.values());
      return saveSet(db, newSet(set), starter);
    },
  };
}

function newSet({ manifest, digest, pictures }: CheckedSet): NewSet {
  const { title, description = null, author, keywords, stickers } = manifest;
  const wordings = [title, ...(description ? [description] : []), ...stickers.map(({ name }) => name)];
  const picture = (file: string) => pictureOf(pictures, file);
  return {
    id: new ObjectId().toHexString(),
    key: manifest.key,
    title,
    description,
    author,
    category: manifest.category,
    keywords,
    type: manifest.type,
    free: manifest.free,
    cover: picture(manifest.cover).asset,
    digest,
    searchText: foldTerms([...wordings.flatMap(({ th, en }) => [th, en]), author, ...keywords]),
    titles: foldTerms([title.th, title.en]),
    stickers: stickers.map(({ id, name, emoji = null, interactive, ...sticker }) => {
      const { asset, width, height } = picture(sticker.file);
      const terms = foldTerms([name.th, name.en, ...sticker.keywords, ...(emoji ? [emoji] : [])]);
      return {
        id,
        name,
        keywords: sticker.keywords,
        emoji,
        asset,
        width,
        height,
        interactive: interactive ? storedInteractive(interactive, picture) : null,
        terms,
      };
    }),
  };
}

function storedInteractive(
  { takes, outcomes }: NonNullable<CheckedSet["manifest"]["stickers"][number]["interactive"]>,
  picture: (file: string) => Picture,
): Interactive {
  return {
    takes,
    outcomes: outcomes.map(({ id, name, file, weight = 1 }) => {
      const { asset, width, height } = picture(file);
      return { id, name, asset, width, height, weight };
    }),
  };
}

function pictureOf(pictures: ReadonlyMap<string, Picture>, file: string): Picture {
  const picture = pictures.get(file);
  if (!picture) throw new Error(`a checked set has all of its pictures, but not ${file}`);
  return picture;
}

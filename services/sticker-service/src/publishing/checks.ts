// Checks the files of a set as a whole: it is ready to be published, or refused with all of its issues.
import { createHash } from "node:crypto";
import type { StickerManifest } from "@khui/contracts";
import { type Picture, type PictureRead, readPicture } from "../pictures/pictures.js";
import { type Issue, invalidSet } from "./issues.js";
import { filesNamed, manifestName, readManifest } from "./manifest.js";

export interface CheckedSet {
  readonly manifest: StickerManifest;
  /** Of the manifest and all its files. */
  readonly digest: string;
  /** By the file names of the manifest; has every one of them. */
  readonly pictures: ReadonlyMap<string, Picture>;
}

export interface Checks {
  /** The key that the manifest must have. */
  readonly ownKey?: string | undefined;
  /** Reads a picture; `readPicture`, in this process, by default. */
  readonly read?: (bytes: Buffer) => Promise<PictureRead>;
}

/** Checks the files of a folder or an archive, by name. Throws invalid_sticker_set. */
export async function checkSet(
  files: ReadonlyMap<string, Buffer>,
  { ownKey, read = readPicture }: Checks = {},
): Promise<CheckedSet> {
  const issues: Issue[] = [];
  const manifest = readManifest(files, issues);
  const named = manifest && filesNamed(manifest);
  for (const [file, path] of named ?? []) {
    if (!files.has(file)) issues.push({ path, message: `names a file that is not there: ${file}` });
  }
  const pictures = new Map<string, Picture>();
  for (const [file, bytes] of files) {
    if (file === manifestName) continue;
    if (named && !named.has(file)) issues.push({ path: file, message: "is not named in the manifest" });
    const picture = await read(bytes);
    if ("issues" in picture) issues.push(...picture.issues.map((message) => ({ path: file, message })));
    else pictures.set(file, { ...picture, bytes });
  }
  if (manifest) issues.push(...motionIssues(manifest, pictures));
  if (manifest && ownKey !== undefined && manifest.key !== ownKey) {
    issues.push({ path: "/key", message: `is not the key of this set: ${ownKey}` });
  }
  if (!manifest || issues.length > 0) throw invalidSet(issues);
  return { manifest, digest: digestOf(manifest, files), pictures };
}

/** A digest of the manifest and its files: two sets with the same one are the same. */
export function digestOf(manifest: StickerManifest, files: ReadonlyMap<string, Buffer>): string {
  const named = [...filesNamed(manifest).keys()].sort();
  const contents = named.map((file) => [file, sha256(files.get(file) ?? "")]);
  return sha256(JSON.stringify([manifest, contents]));
}

const sha256 = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");

/** Stickers of animated sets are animated, and those of static sets are not. */
function motionIssues({ type, stickers }: StickerManifest, pictures: ReadonlyMap<string, Picture>): Issue[] {
  if (type === "interactive") return [];
  return stickers.flatMap(({ file }) => {
    const picture = pictures.get(file);
    if (!picture || picture.animated === (type === "animated")) return [];
    const message = picture.animated ? "has more than one frame in a static set" : "has one frame in an animated set";
    return [{ path: file, message }];
  });
}

/** Names without the folder in front, where all files are in the one that holds the manifest. */
export function withoutFolder(files: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  const folder = `${[...files.keys()][0]?.split("/")[0]}/`;
  const inside = files.has(folder + manifestName) && [...files.keys()].every((name) => name.startsWith(folder));
  return inside ? new Map([...files].map(([name, bytes]) => [name.slice(folder.length), bytes])) : files;
}

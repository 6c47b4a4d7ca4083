// The starter sets, which come with the service and are published when it starts.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ChatError } from "@khui/contracts";
import type { Db } from "@khui/database";
import { readPicture } from "../pictures/pictures.js";
import { isUpToDate } from "../store/publishing.js";
import { checkSet, digestOf } from "./checks.js";
import { readManifest } from "./manifest.js";
import type { Publisher } from "./publisher.js";

/**
 * Publishes the set of every folder in `folder` that is new, or was published from an older edition; a set that an administrator has
 * retired or published stays as it is. Replicas may do so at the same time. Throws for a set that cannot be published, with its issues.
 */
export async function publishStarters(db: Db, publisher: Publisher, folder: URL | string): Promise<void> {
  const path = folder instanceof URL ? fileURLToPath(folder) : folder;
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  for (const name of names.sort()) {
    const files = await readFolder(join(path, name));
    const manifest = readManifest(files, []);
    if (manifest && (await isUpToDate(db, manifest.key, digestOf(manifest, files)))) continue;
    try {
      // Decoding every frame takes seconds, and the tests of this service do it.
      await publisher.publish(await checkSet(files, { read: (bytes) => readPicture(bytes, false) }), { starter: true });
    } catch (error) {
      const details = error instanceof ChatError ? ` ${JSON.stringify(error.details)}` : "";
      throw new Error(`the starter set in ${join(path, name)} cannot be published${details}`, { cause: error });
    }
  }
}

/** The regular files of a folder by name, without hidden ones. */
export async function readFolder(path: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isFile() && !entry.name.startsWith(".")) files.set(entry.name, await readFile(join(path, entry.name)));
  }
  return files;
}

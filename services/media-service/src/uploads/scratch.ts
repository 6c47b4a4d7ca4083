// The scratch folder: files of uploads in flight. A file outlives its upload only when the process dies.
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

export interface Scratch {
  /** A fresh folder, and what removes it with its contents. */
  open(): Promise<{ readonly folder: string; remove(): Promise<void> }>;
}

const prefix = "upload-";
/** No upload takes this long (`longestRequestMs` of packages/service/src/http), so an older one belongs to a process that is gone. */
const abandonedMs = 3_600_000;

/** Creates the folder if it is missing, and removes what processes that died have left in it. */
export async function openScratch(folder: string): Promise<Scratch> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = name.startsWith(prefix) ? await stat(path).catch(() => undefined) : undefined;
    if (found && Date.now() - found.mtimeMs > abandonedMs) await rm(path, { recursive: true, force: true });
  }
  return {
    async open() {
      const own = await mkdtemp(join(folder, prefix));
      return { folder: own, remove: () => rm(own, { recursive: true, force: true }) };
    },
  };
}

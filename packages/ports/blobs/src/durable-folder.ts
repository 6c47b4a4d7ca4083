// Durable directory entries: sync() of a file covers only its content.
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** Creates a folder and its missing parents durably. An existing one is left as it is. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === first || made === dirname(made)) return;
  }
}

/** Makes creations, renames and removals in the folder durable. */
export async function syncFolder(path: string): Promise<void> {
  // Windows cannot open folders, and journals directory entries itself.
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

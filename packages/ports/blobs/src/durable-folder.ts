// Folders whose names survive a crash, as sync() of a file does only for its content.
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes a folder, and those above it that are missing, so that they outlive a crash. One that is there is left as it is. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === first || made === dirname(made)) return;
  }
}

/** Makes what was named, renamed or removed in the folder outlive a crash. */
export async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders and keeps names in its own journal.
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

// Blobs in a folder of this machine.
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, type FileHandle, open, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { checked } from "./checked.js";
import { makeFolder, syncFolder } from "./durable-folder.js";
import { type BlobInfo, BlobMissing, type Blobs, BlobsUnavailable } from "./index.js";
import { openSource } from "./source.js";

// Content and type are in one file, so that one rename publishes both: the content, then this trailer of a fixed length.
const mark = "\nkhui-blob-1";
const typeBytes = 100;
const trailerBytes = typeBytes + mark.length;

const leftoverAfterMs = 60 * 60 * 1000;

/**
 * Blobs in a folder, created if it is missing: complete ones in `blobs/`, flat, with `+` for the `/` of a name; those still
 * being written in `incoming/`. Several processes may share the folder. What a crash left in `incoming/` is removed at the
 * next open, once it has not been written to for an hour.
 * @throws BlobsUnavailable when the folder cannot be created or written to
 */
export async function openFolderBlobs({ folder }: { folder: string }): Promise<Blobs> {
  const blobs = resolve(folder, "blobs");
  const incoming = resolve(folder, "incoming");
  const pathOf = (name: string) => join(blobs, name.replaceAll("/", "+"));
  const openBlob = (name: string) => inStore(unlessMissing(open(pathOf(name), "r")));

  await inStore(makeFolder(blobs));
  await inStore(makeFolder(incoming));
  await inStore(sweep(incoming));

  return checked({
    async put(name, content, contentType) {
      const source = await openSource(content);
      const unfinished = join(incoming, randomUUID());
      try {
        const handle = await inStore(open(unfinished, "wx", 0o600));
        try {
          for await (const chunk of source.chunks()) await inStore(handle.writeFile(chunk));
          await inStore(handle.writeFile(contentType.padEnd(typeBytes) + mark));
          await inStore(handle.sync());
        } finally {
          await handle.close();
        }
        await inStore(rename(unfinished, pathOf(name)));
        await inStore(syncFolder(blobs));
      } catch (error) {
        await rm(unfinished, { force: true }).catch(() => undefined);
        throw error;
      } finally {
        await source.close();
      }
    },

    async stat(name) {
      const handle = await openBlob(name);
      if (!handle) return undefined;
      try {
        return await inStore(infoOf(handle));
      } finally {
        await handle.close();
      }
    },

    async read(name, range) {
      const handle = await openBlob(name);
      if (!handle) throw new BlobMissing(name);
      try {
        const { size } = await inStore(infoOf(handle));
        const { start, end } = range ?? { start: 0, end: size - 1 };
        if (range && start >= size) throw new RangeError(`the range begins at ${start}, the blob has ${size} bytes`);
        if (size > 0) return handle.createReadStream({ start, end: Math.min(end, size - 1) });
      } catch (error) {
        await handle.close();
        throw error;
      }
      await handle.close();
      return Readable.from([], { objectMode: false });
    },

    async remove(names) {
      for (const name of names) await inStore(unlessMissing(unlink(pathOf(name))));
      await inStore(syncFolder(blobs));
    },

    async ping() {
      for (const path of [blobs, incoming]) await inStore(access(path, constants.R_OK | constants.W_OK));
    },

    async close() {},
  });
}

async function infoOf(handle: FileHandle): Promise<BlobInfo> {
  const size = (await handle.stat()).size - trailerBytes;
  const trailer = Buffer.alloc(trailerBytes);
  if (size >= 0) await handle.read(trailer, 0, trailerBytes, size);
  const text = trailer.toString("latin1");
  if (!text.endsWith(mark)) throw new Error("a file in the folder is not a whole blob");
  return { size, contentType: text.slice(0, typeBytes).trimEnd() };
}

async function inStore<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new BlobsUnavailable("the folder of blobs failed", { cause });
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function sweep(incoming: string): Promise<void> {
  for (const entry of await readdir(incoming)) {
    const path = join(incoming, entry);
    const stats = await unlessMissing(stat(path));
    if (stats && Date.now() - stats.mtimeMs > leftoverAfterMs) await rm(path, { force: true });
  }
}

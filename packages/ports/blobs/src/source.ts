// The content of a put, as chunks that add up to the size announced beforehand.
import { type FileHandle, open } from "node:fs/promises";
import { type BlobContent, UnreadableSource } from "./index.js";

export interface Source {
  /** In bytes. */
  readonly size: number;
  /**
   * The content from its beginning, read on demand; may be called again once the previous iteration has ended. Fails with
   * UnreadableSource before the last chunk unless all chunks make up exactly the size.
   */
  chunks(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** @throws UnreadableSource when the file cannot be opened or is not a regular file. */
export async function openSource(content: BlobContent): Promise<Source> {
  if ("bytes" in content) return sourceOf(content.bytes);
  const { file } = content;
  const unreadable = (cause: unknown) => new UnreadableSource(`${file} cannot be read`, { cause });
  const handle = await open(file, "r").catch((cause: unknown) => Promise.reject(unreadable(cause)));
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error("it is not a regular file");
    return {
      size: stats.size,
      async *chunks() {
        try {
          yield* exactly(handle, stats.size);
        } catch (cause) {
          throw unreadable(cause);
        }
      },
      close: () => handle.close(),
    };
  } catch (cause) {
    await handle.close();
    throw unreadable(cause);
  }
}

function sourceOf(bytes: Uint8Array): Source {
  return {
    size: bytes.byteLength,
    async *chunks() {
      if (bytes.byteLength > 0) yield bytes;
    },
    async close() {},
  };
}

/** One chunk is held back until the next read: the receiver must not have the announced size before it is known to be right. */
async function* exactly(handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  let seen = 0;
  let held: Buffer | undefined;
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false }) as AsyncIterable<Buffer>) {
    if (held) yield held;
    seen += chunk.length;
    if (seen > size) throw new Error(`it has grown beyond its ${size} bytes`);
    held = chunk;
  }
  if (seen < size) throw new Error(`it has shrunk from ${size} to ${seen} bytes`);
  if (held) yield held;
}

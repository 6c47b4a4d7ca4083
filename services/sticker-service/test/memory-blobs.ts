// A blob store in memory whose calls can be made to fail.
import { Readable } from "node:stream";
import { type Blobs, BlobsUnavailable } from "@khui/blobs";

export interface MemoryBlobs extends Blobs {
  readonly stored: Map<string, { bytes: Buffer; contentType: string }>;
  /** Every call so far, by its method and name. */
  readonly calls: string[];
  /** A call for which it returns true is refused. */
  failing: (method: "put" | "stat" | "read" | "remove", name: string) => boolean;
}

export function memoryBlobs(): MemoryBlobs {
  const stored: MemoryBlobs["stored"] = new Map();
  const blobs: MemoryBlobs = {
    stored,
    calls: [],
    failing: () => false,
    async put(name, content, contentType) {
      await reach("put", name);
      if (!("bytes" in content)) throw new Error("this store takes bytes only");
      stored.set(name, { bytes: Buffer.from(content.bytes), contentType });
    },
    async stat(name) {
      await reach("stat", name);
      const found = stored.get(name);
      return found && { size: found.bytes.length, contentType: found.contentType };
    },
    async read(name, range) {
      await reach("read", name);
      const bytes = stored.get(name)?.bytes ?? Buffer.alloc(0);
      return Readable.from([range ? bytes.subarray(range.start, range.end + 1) : bytes], { objectMode: false });
    },
    async remove(names) {
      for (const name of names) {
        await reach("remove", name);
        stored.delete(name);
      }
    },
    async ping() {},
    async close() {},
  };
  async function reach(method: Parameters<MemoryBlobs["failing"]>[0], name: string): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    blobs.calls.push(`${method} ${name}`);
    if (blobs.failing(method, name)) throw new BlobsUnavailable("made to fail");
  }
  return blobs;
}

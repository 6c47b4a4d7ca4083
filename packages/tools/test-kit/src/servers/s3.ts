// An S3 server for tests, over HTTP on loopback, with its data in a folder that goes when it closes.
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

export interface S3Server {
  url: string;
  accessKey: string;
  secretKey: string;
  close(): Promise<void>;
}

interface Upload {
  bucket: string;
  key: string;
  content: Readable;
  metadata: Record<string, string>;
}

interface Found {
  size: number;
  content: Readable | null;
  range?: { start: number; end: number };
}

interface Store {
  deleteObject(bucket: string, key: string): Promise<void>;
  getResourcePath(bucket: string, key: string, resource: string): string;
  putObject(upload: Upload): Promise<{ size: number; md5: string }>;
  getObject(bucket: string, key: string, range?: { start?: number; end?: number }): Promise<Found | null>;
}

interface S3rver {
  store: Store;
  httpServer: Server;
  logger: { silent: boolean };
  run(): Promise<AddressInfo>;
}

const S3rver: new (options: Record<string, unknown>) => S3rver = createRequire(import.meta.url)("s3rver");

/** s3rver knows one key pair, and does not check what was signed with it. */
export async function startS3Server(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), "khui-s3-"));
  const directory = join(folder, "buckets");
  const uploads = join(folder, "uploads");
  for (const path of [directory, uploads]) await mkdir(path);
  const server = new S3rver({ address: "127.0.0.1", port: 0, silent: true, vhostBuckets: false, directory });
  // Its own setting leaves warnings when it closes amid a request.
  server.logger.silent = true;
  storeLikeS3(server.store, uploads);
  const { port } = await server.run();
  return {
    url: `http://127.0.0.1:${port}`,
    accessKey: "S3RVER",
    secretKey: "S3RVER",
    async close() {
      const closed = new Promise((resolve) => server.httpServer.close(resolve));
      server.httpServer.closeAllConnections();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** s3rver writes in place, answers before all is written, stumbles over removals at once, and misreads a range that ends at 0. */
function storeLikeS3(store: Store, uploads: string): void {
  store.putObject = async ({ bucket, key, content, metadata }) => {
    const upload = join(uploads, randomUUID());
    const hash = createHash("md5");
    let size = 0;
    const count = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    };
    await pipeline(content, count, createWriteStream(upload));
    const md5 = hash.digest("hex");
    // In one turn of the event loop, so that no other request comes in between.
    const path = store.getResourcePath(bucket, key, "object");
    mkdirSync(dirname(path), { recursive: true });
    renameSync(upload, path);
    writeFileSync(`${path}.md5`, md5);
    const kept = { "content-type": metadata["content-type"] };
    writeFileSync(store.getResourcePath(bucket, key, "metadata.json"), JSON.stringify(kept));
    return { size, md5 };
  };

  // Its own also removes the folder, and fails when another does so at the same time.
  store.deleteObject = async (bucket, key) => {
    const path = store.getResourcePath(bucket, key, "object");
    const files = [path, `${path}.md5`, store.getResourcePath(bucket, key, "metadata.json")];
    await Promise.all(files.map((file) => rm(file, { force: true })));
  };

  const getObject = store.getObject.bind(store);
  store.getObject = async (bucket, key, range) => {
    const whole = await getObject(bucket, key);
    if (!whole || range?.start === undefined) return whole;
    whole.content?.destroy();
    const { start, end = Number.MAX_SAFE_INTEGER } = range;
    if (start >= whole.size) return Object.assign(whole, { content: null, range: { start, end } });
    const within = { start, end: Math.min(end, whole.size - 1) };
    const content = createReadStream(store.getResourcePath(bucket, key, "object"), within);
    await once(content, "open");
    return Object.assign(whole, { content, range: within });
  };
}

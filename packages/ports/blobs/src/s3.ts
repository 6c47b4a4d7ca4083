// Blobs in a bucket of MinIO or any other S3 store.
import { IncomingMessage } from "node:http";
import { Client } from "minio";
import { checked } from "./checked.js";
import { BlobMissing, type Blobs, BlobsUnavailable, UnreadableSource } from "./index.js";
import { createTransport } from "./s3-transport.js";
import { upload } from "./s3-upload.js";
import { openSource, type Source } from "./source.js";

export interface S3Settings {
  /** The store's URL, http or https, without a path: `http://minio:9000`. */
  endPoint: string;
  accessKey: string;
  secretKey: string;
  /** Created if it is missing, where the key may do that. */
  bucket: string;
  /** "us-east-1" by default, which MinIO accepts too. */
  region?: string;
  /** Whether the bucket is in the URL's path (the default) or in its host name. */
  pathStyle?: boolean;
  /** A call fails after this many ms without progress; 10,000 by default. */
  silenceMs?: number;
  /** Called when the bucket could not be reached at the start; failing calls reject in any case. */
  onError?: (error: Error) => void;
}

const signedForSeconds = 3_600;
/** Written and removed to see whether the key may. Not the key of a blob, which has a suffix. */
const probeKey = "access-probe";
const probeIntervalMs = 3_600_000;

/**
 * MinIO stores an object as a folder, and loses `a/b` when it removes `a`: https://github.com/minio/minio/pull/19034. Names have no
 * capitals, so with this suffix no key is ever the folder of another.
 */
const keyOf = (name: string) => `${name}.BLOB`;

/**
 * Blobs in one bucket, each an object under its name with the suffix `.BLOB`. Returns at once; the bucket is looked up, and
 * created, in the background and again with each call until it exists, so the store may start later than this process. The key must
 * also be allowed to list the bucket: without that right a store answers "forbidden" instead of "not found".
 * @throws RangeError when endPoint is not such a URL
 */
export function connectS3Blobs(settings: S3Settings): Blobs {
  const { accessKey, secretKey, bucket, region = "us-east-1", pathStyle = true, silenceMs = 10_000 } = settings;
  const { host: endPoint, port, secure } = placeOf(settings.endPoint);
  const transport = createTransport({ secure, silenceMs });
  const client = new Client({
    endPoint,
    port,
    useSSL: secure,
    accessKey,
    secretKey,
    region,
    pathStyle,
    transport,
    transportAgent: transport.agent,
    retryOptions: { disableRetry: true },
  });

  const makeBucket = async () => {
    if (await client.bucketExists(bucket)) return;
    try {
      await client.makeBucket(bucket, region);
    } catch (error) {
      // Another process may have created it meanwhile; the error codes for that differ between stores.
      if (!(await client.bucketExists(bucket).catch(() => false))) throw error;
    }
  };
  let bucketMade: Promise<void> | undefined;
  const bucketReady = () => {
    bucketMade ??= makeBucket().catch((error: unknown) => {
      bucketMade = undefined;
      throw error;
    });
    return bucketMade;
  };

  const reach = async <T>(operation: () => Promise<T>): Promise<T> => {
    try {
      return await operation().catch((error: unknown) => {
        if (transport.wasStale(error)) return operation();
        throw error;
      });
    } catch (cause) {
      if (cause instanceof UnreadableSource) throw cause;
      throw new BlobsUnavailable("the S3 store failed", { cause });
    }
  };
  const inBucket = <T>(operation: () => Promise<T>) => reach(() => bucketReady().then(operation));
  /** What an operation resolved to, or which of these S3 error codes it failed with. */
  const unless = async <T, Code extends string>(codes: readonly Code[], operation: Promise<T>) => {
    try {
      return { found: await operation };
    } catch (error) {
      const code = codes.find((code) => error instanceof Error && "code" in error && error.code === code);
      if (code === undefined) throw error;
      return { code };
    }
  };

  const putObject = async (key: string, source: Source, contentType: string) =>
    upload(transport, await client.presignedPutObject(bucket, key, signedForSeconds), source, contentType);
  const removeObjects = async (keys: readonly string[]) => {
    const failures = await client.removeObjects(bucket, [...keys]);
    if (failures.length > 0) throw new Error(`the store did not remove ${failures.length} of ${keys.length} objects`);
  };

  let probeDueAt = 0;
  /** A key that may look up its bucket may still be refused its objects. In a bucket with versions each probe stays: so, once an hour. */
  const probeAccess = async () => {
    if (performance.now() < probeDueAt) return;
    const source = await openSource({ bytes: new Uint8Array(0) });
    await putObject(probeKey, source, "application/octet-stream");
    // Another process may have removed it already.
    await unless(["NotFound", "NoSuchKey"], client.statObject(bucket, probeKey));
    await removeObjects([probeKey]);
    probeDueAt = performance.now() + probeIntervalMs;
  };

  let closed = false;
  reach(bucketReady).catch((error: Error) => {
    if (!closed) settings.onError?.(error);
  });

  return checked({
    async put(name, content, contentType) {
      const source = await openSource(content);
      try {
        await inBucket(() => putObject(keyOf(name), source, contentType));
      } finally {
        await source.close();
      }
    },

    async stat(name) {
      return inBucket(async () => {
        const { found } = await unless(["NotFound", "NoSuchKey"], client.statObject(bucket, keyOf(name)));
        if (!found) return undefined;
        const { size, metaData } = found;
        if (!Number.isSafeInteger(size)) throw new Error("the store did not return the size of an object");
        return { size, contentType: String(metaData["content-type"] ?? "application/octet-stream") };
      });
    },

    async read(name, range) {
      const { found, code } = await inBucket(async () => {
        const { start, length } = range
          ? { start: range.start, length: range.end - range.start + 1 }
          : { start: 0, length: 0 };
        const opened = client.getPartialObject(bucket, keyOf(name), start, length);
        const outcome = await unless(["NoSuchKey", "InvalidRange"], opened);
        if (!range || !outcome.found || beginsAt(outcome.found, start)) return outcome;
        outcome.found.destroy();
        throw new Error("the store answered with another range than it was asked for");
      });
      if (found) return found;
      if (code === "NoSuchKey") throw new BlobMissing(name);
      throw new RangeError(`the range begins at ${range?.start}, behind the blob's last byte`);
    },

    async remove(names) {
      await inBucket(() => removeObjects(names.map(keyOf)));
    },

    ping: () => reach(() => makeBucket().then(probeAccess)),

    async close() {
      closed = true;
      transport.close();
    },
  });
}

function beginsAt(response: unknown, start: number): boolean {
  return response instanceof IncomingMessage && !!response.headers["content-range"]?.startsWith(`bytes ${start}-`);
}

function placeOf(endPoint: string): { host: string; port: number; secure: boolean } {
  const url = URL.canParse(endPoint) ? new URL(endPoint) : undefined;
  const secure = url?.protocol === "https:";
  if (!url || !(secure || url.protocol === "http:") || `${url.origin}/` !== url.href) {
    throw new RangeError(
      "the end point of the S3 store must be a URL like http://host:9000, without a path or a password",
    );
  }
  // A host that is an IPv6 address has brackets in a URL, and none elsewhere.
  return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port) || (secure ? 443 : 80), secure };
}

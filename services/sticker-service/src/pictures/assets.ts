// The pictures of sets in the blob store. A name is a digest of the bytes, so a stored picture is never replaced.
import type { Blobs } from "@khui/blobs";
import { contentTypeOf, type Picture } from "./pictures.js";

/** What the blob of an asset is called. */
export const blobName = (asset: string) => `stickers/${asset}`;

/** A put waits for the disk or the network. */
const concurrency = 8;

/** Stores the pictures that are not in the store yet. When it throws, no put is in flight any more. */
export async function storePictures(blobs: Blobs, pictures: Iterable<Picture>): Promise<void> {
  const queue = [...new Map([...pictures].map((picture) => [picture.asset, picture])).values()];
  async function storeNext(): Promise<void> {
    for (let picture = queue.pop(); picture; picture = queue.pop()) {
      const { asset, bytes } = picture;
      if (await blobs.stat(blobName(asset))) continue;
      await blobs.put(blobName(asset), { bytes }, contentTypeOf(asset));
    }
  }
  const results = await Promise.allSettled(
    Array.from({ length: concurrency }, () =>
      storeNext().catch((error) => {
        queue.length = 0;
        throw error;
      }),
    ),
  );
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

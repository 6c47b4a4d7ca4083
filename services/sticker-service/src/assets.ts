// The pictures of sets in the store of blobs. A name is a digest of the bytes, so what is there is never replaced.
import type { Blobs } from "@khui/blobs";
import { contentTypeOf, type Picture } from "./pictures.js";

/** What the blob of an asset is called. */
export const blobName = (asset: string) => `stickers/${asset}`;

/** A put waits for the disk or the network: a set's pictures go several at a time. */
const atOnce = 8;

/** Stores the pictures that are not there yet. When it throws, nothing is under way any more. */
export async function storePictures(blobs: Blobs, pictures: Iterable<Picture>): Promise<void> {
  const waiting = [...new Map([...pictures].map((picture) => [picture.asset, picture])).values()];
  async function storeNext(): Promise<void> {
    for (let picture = waiting.pop(); picture; picture = waiting.pop()) {
      const { asset, bytes } = picture;
      if (await blobs.stat(blobName(asset))) continue;
      await blobs.put(blobName(asset), { bytes }, contentTypeOf(asset));
    }
  }
  const results = await Promise.allSettled(
    Array.from({ length: atOnce }, () =>
      storeNext().catch((error) => {
        waiting.length = 0;
        throw error;
      }),
    ),
  );
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

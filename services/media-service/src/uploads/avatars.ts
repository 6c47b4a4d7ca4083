// Avatars of rooms and people: squares of a picture, public, and named by their digest, so that a stored one is never replaced.
import { createHash } from "node:crypto";
import type { Blobs } from "@khui/blobs";
import { avatarPath, avatarSizes, ChatError, type UploadedAvatar } from "@khui/contracts";
import type { Limits, Rule } from "@khui/limits";
import type { Inspection } from "../inspection/inspection.js";
import type { MediaLimits } from "../limits.js";
import { readFile } from "./form.js";
import type { Receiving } from "./receiver.js";
import type { Scratch } from "./scratch.js";

/** The size whose address is put into `avatar`. */
const usualSize = 256;

/** What the object of a size is called in the store. */
export const avatarBlob = (digest: string, size: number) => `avatars/${digest}/${size}`;

export interface AvatarDeps {
  readonly blobs: Blobs;
  readonly inspection: Pick<Inspection, "squares">;
  readonly scratch: Scratch;
  readonly limits: MediaLimits;
  /** Counts what each user uploads in an hour. */
  readonly counters: Limits;
  /** Makes an address of a path, with our origin. */
  readonly addressOf: (path: string) => string;
}

export type UploadAvatar = (upload: Receiving, uploader: Uploader) => Promise<UploadedAvatar>;

/** Those with chat:admin upload as many as they like: the pictures of all their users. */
export interface Uploader {
  readonly userId: string;
  readonly admin: boolean;
}

/**
 * Returns a function that takes an upload and stores its squares. The same picture has the same address, and is stored once. Throws rate_limited, what
 * reading the form and the picture throw, and service_unavailable.
 */
export function createAvatars({ blobs, inspection, scratch, limits, counters, addressOf }: AvatarDeps): UploadAvatar {
  const perHour: Rule = { name: "avatars", points: limits.avatarsPerHour, perSeconds: 3_600 };

  async function store(pictures: readonly Uint8Array[]): Promise<string> {
    const digest = createHash("sha256").update(pictures.at(-1)!).digest("hex").slice(0, 40);
    for (const [i, size] of avatarSizes.entries()) {
      const name = avatarBlob(digest, size);
      if (!(await blobs.stat(name))) await blobs.put(name, { bytes: pictures[i]! }, "image/webp");
    }
    return digest;
  }

  return async (upload, { userId, admin }) => {
    upload.kind = "avatar";
    const decision = admin ? undefined : await counters.take(perHour, userId);
    if (decision?.allowed === false) throw new ChatError("rate_limited", { retryAfter: decision.retryAfterSeconds });
    const { folder, remove } = await scratch.open();
    try {
      const file = await readFile(upload.request, folder, limits.bytes.image, upload.signal);
      upload.startWork();
      const digest = await store(await inspection.squares(file, avatarSizes, folder, userId));
      upload.stored("avatar", file.size);
      const addresses = avatarSizes.map((size) => [size, addressOf(avatarPath(digest, size))] as const);
      return { avatar: addressOf(avatarPath(digest, usualSize)), sizes: Object.fromEntries(addresses) };
    } finally {
      await remove();
    }
  };
}

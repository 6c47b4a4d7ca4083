// How much may be uploaded.
import type { MediaKind } from "@khui/contracts";

export interface MediaLimits {
  /** Bytes, by the declared type. */
  readonly bytes: Readonly<Record<MediaKind, number>>;
  /** Of a picture, its width times its height. */
  readonly pixels: number;
  /** Uploads that one process takes at once: each may fill the scratch folder with a file of the largest size. */
  readonly uploads: number;
}

const mebibyte = 1024 * 1024;

/** Section 4 of the design. 50 million pixels are those of a large phone camera, and 150 MB once unpacked. */
export const defaultLimits: MediaLimits = {
  bytes: { image: 10 * mebibyte, audio: 25 * mebibyte, video: 100 * mebibyte, file: 100 * mebibyte },
  pixels: 50_000_000,
  uploads: 100,
};

// How much may be uploaded.
import type { MediaKind } from "@khui/contracts";

export interface MediaLimits {
  /** Bytes, by the declared type; a picture sent as a file may have those of a picture. */
  readonly bytes: Readonly<Record<MediaKind, number>>;
  /** Width times height of a picture, of all frames together. Formats that take more memory may have a share of them. */
  readonly pixels: number;
  /** Avatars that one user may upload in an hour. */
  readonly avatarsPerHour: number;
  /** Concurrent uploads of one process: each may fill the scratch folder with a file of the largest size. */
  readonly uploads: number;
  /** Concurrent uploads of one user, those that wait for bytes included. */
  readonly uploadsPerUser: number;
  /** A slower upload is ended, and occupies no slot meanwhile. */
  readonly uploadBytesPerSecond: number;
  /** Over how long the rate is measured, ms: a phone may be without a network for a while. */
  readonly uploadWindowMs: number;
}

const mebibyte = 1024 * 1024;

/** 50 million pixels are those of a large phone camera. */
export const defaultLimits: MediaLimits = {
  bytes: { image: 10 * mebibyte, audio: 25 * mebibyte, video: 100 * mebibyte, file: 100 * mebibyte },
  pixels: 50_000_000,
  avatarsPerHour: 30,
  uploads: 100,
  uploadsPerUser: 5,
  uploadBytesPerSecond: 1024,
  uploadWindowMs: 20_000,
};

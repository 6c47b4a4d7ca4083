// The settings of the service, as environment variables.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Static, Type } from "typebox";
import { defaultLimits, type MediaLimits } from "./limits.js";

const mebibyte = 1024 * 1024;
const size = (bytes: number) => Type.Integer({ minimum: 1, maximum: 4096, default: bytes / mebibyte });

/** Sizes in MiB, pixels in millions. */
export const mediaEnvironment = {
  MEDIA_MAX_IMAGE_MB: size(defaultLimits.bytes.image),
  MEDIA_MAX_AUDIO_MB: size(defaultLimits.bytes.audio),
  MEDIA_MAX_VIDEO_MB: size(defaultLimits.bytes.video),
  MEDIA_MAX_FILE_MB: size(defaultLimits.bytes.file),
  MEDIA_MAX_MEGAPIXELS: Type.Integer({ minimum: 1, maximum: 500, default: defaultLimits.pixels / 1_000_000 }),
  MEDIA_MAX_UPLOADS: Type.Integer({ minimum: 1, maximum: 10_000, default: defaultLimits.uploads }),
  MEDIA_MAX_UPLOADS_PER_USER: Type.Integer({ minimum: 1, maximum: 10_000, default: defaultLimits.uploadsPerUser }),
  MEDIA_MIN_UPLOAD_BYTES_PER_SECOND: Type.Integer({
    minimum: 1,
    maximum: 1_048_576,
    default: defaultLimits.uploadBytesPerSecond,
  }),
  /** Avatars that one person may upload in an hour. */
  LIMIT_AVATARS: Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: defaultLimits.avatarsPerHour }),
  /** Files on their way in; may be shared by processes. */
  SCRATCH_DIR: Type.String({ default: join(tmpdir(), "khui-uploads") }),
  POSTGRES_POOL: Type.Integer({ minimum: 1, maximum: 100, default: 4 }),
};

export function mediaLimits(env: Static<ReturnType<typeof Type.Object<typeof mediaEnvironment>>>): MediaLimits {
  return {
    bytes: {
      image: env.MEDIA_MAX_IMAGE_MB * mebibyte,
      audio: env.MEDIA_MAX_AUDIO_MB * mebibyte,
      video: env.MEDIA_MAX_VIDEO_MB * mebibyte,
      file: env.MEDIA_MAX_FILE_MB * mebibyte,
    },
    pixels: env.MEDIA_MAX_MEGAPIXELS * 1_000_000,
    avatarsPerHour: env.LIMIT_AVATARS,
    uploads: env.MEDIA_MAX_UPLOADS,
    uploadsPerUser: env.MEDIA_MAX_UPLOADS_PER_USER,
    uploadBytesPerSecond: env.MEDIA_MIN_UPLOAD_BYTES_PER_SECOND,
    uploadWindowMs: defaultLimits.uploadWindowMs,
  };
}

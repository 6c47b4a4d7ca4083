// Inspects an uploaded file: what it is, whether it may be sent as what it is declared, and what is to be stored.
import { ChatError, type MediaKind, type StoredMedia } from "@khui/contracts";
import { createFairSemaphore } from "@khui/service/process";
import type { MediaLimits } from "../limits.js";
import { isBlankable } from "./containers/containers.js";
import { contentTypeOf, isEncodedAnew, isPicture, shownPictures, unknownType } from "./kinds.js";
import type { Parsers } from "./parsers.js";
import type { VideoFrame } from "./video-frame.js";

export interface Inspected {
  /** The file to store: the one that came in, of a recording with blanks, or a cleaned copy. */
  readonly path: string;
  readonly facts: Pick<StoredMedia, "mimeType" | "size" | "duration" | "dimensions">;
  /** WebP. */
  readonly thumbnail: Uint8Array | undefined;
}

export interface Inspection {
  /**
   * `declared` is the type that the sender chose; `file` accepts anything, but no picture larger than pictures may be. Files are parsed
   * round-robin by user. Throws wrong_kind_of_file, unsupported_media_type, ambiguous_file, damaged_file, file_too_large, too_many_pixels,
   * too_many_frames, service_unavailable.
   */
  inspect(
    file: { path: string; size: number },
    declared: MediaKind,
    folder: string,
    userId: string,
  ): Promise<Inspected>;
  /** A square WebP of each size, in pixels, of a picture. Throws unsupported_media_type for another file, and else as `inspect` does. */
  squares(
    file: { path: string; size: number },
    sizes: readonly number[],
    folder: string,
    userId: string,
  ): Promise<readonly Uint8Array[]>;
}

/** What can be sent as a picture and shown everywhere. */
const notShown = (mimeType: string) => new ChatError("unsupported_media_type", { mimeType, accepted: shownPictures });

/** Files parsed at the same time, of all users and of one: parsing takes CPU and memory. */
const parsing = { limit: 2, limitPerKey: 1 };

export function createInspection(
  parsers: Parsers,
  videoFrame: VideoFrame | undefined,
  limits: MediaLimits,
): Inspection {
  const semaphore = createFairSemaphore(parsing);

  async function inspectRecording(file: { path: string; size: number }, contentType: string, declared: MediaKind) {
    const job = { path: file.path, size: file.size, contentType };
    const { kind, duration, dimensions, isBlanked } = await parsers.parse("recording", job);
    checkKind(kind, declared);
    // Video containers with sound alone: browsers and phones record voice messages so. What could not be blanked is not shown, but saved.
    const mimeType =
      isBlankable(contentType) && !isBlanked ? unknownType : contentType.replace(/^(?:audio|video)/, kind);
    const frame = kind === "video" ? await videoFrame?.(file.path, contentType, duration) : undefined;
    const thumbnail = frame && (await parsers.parse("thumbnail", { picture: frame }).catch(() => undefined));
    const facts = {
      mimeType,
      size: file.size,
      ...(duration ? { duration } : {}),
      ...(dimensions ? { dimensions } : {}),
    };
    return { path: file.path, facts, thumbnail };
  }

  return {
    async squares(file, sizes, folder, userId) {
      const contentType = await contentTypeOf(file.path, file.size);
      if (!isPicture(contentType)) throw notShown(contentType);
      const job = { path: file.path, contentType, folder, maxPixels: limits.pixels, sizes };
      return semaphore(userId, () => parsers.parse("squares", job));
    },
    async inspect(file, declared, folder, userId) {
      const contentType = await contentTypeOf(file.path, file.size);
      if (isEncodedAnew(contentType, declared)) {
        checkKind("image", declared);
        // Some formats are read into memory whole, just to measure them.
        if (file.size > limits.bytes.image) throw new ChatError("file_too_large", { maxBytes: limits.bytes.image });
        const job = { path: file.path, contentType, folder, maxPixels: limits.pixels };
        const { path, thumbnail, ...facts } = await semaphore(userId, () => parsers.parse("picture", job));
        return { path, facts, thumbnail };
      }
      if (/^(?:audio|video)\//.test(contentType)) {
        try {
          return await semaphore(userId, () => inspectRecording(file, contentType, declared));
        } catch (error) {
          if (declared !== "file" || !(error instanceof ChatError)) throw error;
          // It begins like a recording and is none: it may be anything.
          return unchanged(file, unknownType);
        }
      }
      if (declared === "image" && contentType.startsWith("image/")) throw notShown(contentType);
      checkKind("file", declared);
      return unchanged(file, contentType);
    },
  };
}

const unchanged = ({ path, size }: { path: string; size: number }, mimeType: string): Inspected => ({
  path,
  facts: { mimeType, size },
  thumbnail: undefined,
});

/** Anything may be sent as a file. */
function checkKind(kind: MediaKind, declared: MediaKind): void {
  if (declared !== "file" && declared !== kind) throw new ChatError("wrong_kind_of_file", { declared, found: kind });
}

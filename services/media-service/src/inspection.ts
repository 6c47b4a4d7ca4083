// Finds out what an uploaded file is, and makes it ready to be stored.
import { ChatError, type MediaKind, type StoredMedia } from "@khui/contracts";
import { createFairSemaphore } from "@khui/service/process";
import { contentTypeOf, isPicture } from "./kinds.js";
import type { MediaLimits } from "./limits.js";
import type { Parsers } from "./parsers.js";
import type { VideoFrame } from "./video-frame.js";

export interface Inspected {
  /** The file to store: the one that came in, or a cleaned copy. */
  readonly path: string;
  readonly facts: Pick<StoredMedia, "mimeType" | "size" | "duration" | "dimensions">;
  /** WebP. */
  readonly thumbnail: Uint8Array | undefined;
}

export interface Inspection {
  /**
   * `declared` is what the sender says it is; `file` takes anything, but no picture larger than pictures may be. Users are served
   * round-robin. Throws wrong_kind_of_file, unsupported_media_type, ambiguous_file, damaged_file, file_too_large, too_many_pixels,
   * too_many_frames, service_unavailable.
   */
  inspect(
    file: { path: string; size: number },
    declared: MediaKind,
    folder: string,
    userId: string,
  ): Promise<Inspected>;
}

/** Pictures and recordings parsed at the same time: they take CPU and memory, and the machine has few cores. One person has one of them. */
const parsing = { limit: 2, limitPerKey: 1 };

export function createInspection(
  parsers: Parsers,
  videoFrame: VideoFrame | undefined,
  limits: MediaLimits,
): Inspection {
  const semaphore = createFairSemaphore(parsing);

  async function recording(file: { path: string; size: number }, contentType: string, declared: MediaKind) {
    const { kind, duration, dimensions } = await parsers.parse("recording", { path: file.path, size: file.size });
    mustBe(kind, declared);
    // Files for video hold sound alone as well: it is what browsers and phones record as a voice message.
    const mimeType = contentType.replace(/^(?:audio|video)/, kind);
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
    async inspect(file, declared, folder, userId) {
      const contentType = await contentTypeOf(file.path, file.size);
      if (isPicture(contentType)) {
        mustBe("image", declared);
        // Of some formats all is read into memory, to know their size alone.
        if (file.size > limits.bytes.image) throw new ChatError("file_too_large", { maxBytes: limits.bytes.image });
        const asked = { path: file.path, contentType, folder, maxPixels: limits.pixels };
        const { path, thumbnail, ...facts } = await semaphore(userId, () => parsers.parse("picture", asked));
        return { path, facts, thumbnail };
      }
      if (/^(?:audio|video)\//.test(contentType)) {
        try {
          return await semaphore(userId, () => recording(file, contentType, declared));
        } catch (error) {
          if (declared !== "file" || !(error instanceof ChatError)) throw error;
          // Its first bytes look like a recording's, and the rest does not: it may be anything.
          return asIs(file, "application/octet-stream");
        }
      }
      if (declared === "image" && contentType.startsWith("image/"))
        throw new ChatError("unsupported_media_type", { mimeType: contentType });
      mustBe("file", declared);
      return asIs(file, contentType);
    },
  };
}

const asIs = ({ path, size }: { path: string; size: number }, mimeType: string): Inspected => ({
  path,
  facts: { mimeType, size },
  thumbnail: undefined,
});

/** Anything may be sent as a file. */
function mustBe(kind: MediaKind, declared: MediaKind): void {
  if (declared !== "file" && declared !== kind) throw new ChatError("wrong_kind_of_file", { declared, found: kind });
}

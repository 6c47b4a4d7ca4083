// Finds out what an uploaded file is, and makes it ready to be stored.
import { ChatError, type MediaKind, type StoredMedia } from "@khui/contracts";
import { createTurns } from "@khui/runtime";
import { contentTypeOf } from "./kinds.js";
import type { MediaLimits } from "./limits.js";
import { cleanPicture, isPicture, thumbnailOf } from "./pictures.js";
import type { RecordingReader } from "./recordings.js";
import type { VideoFrame } from "./video-frame.js";

export interface Inspected {
  /** The file to store: the one that came in, or a cleaned copy. */
  readonly path: string;
  readonly facts: Pick<StoredMedia, "mimeType" | "size" | "duration" | "dimensions">;
  /** WebP. */
  readonly thumbnail: Buffer | undefined;
}

export interface Inspection {
  /**
   * `declared` is what the sender says it is; `file` takes anything, but no picture larger than pictures may be. Throws
   * wrong_kind_of_file, unsupported_media_type, ambiguous_file, damaged_file, file_too_large, too_many_pixels.
   */
  inspect(file: { path: string; size: number }, declared: MediaKind, folder: string): Promise<Inspected>;
}

/** Pictures unpacked at the same time: they take CPU and memory, and the machine has few cores. */
const picturesAtOnce = 2;

export function createInspection(
  recordings: RecordingReader,
  videoFrame: VideoFrame | undefined,
  limits: MediaLimits,
): Inspection {
  const inTurn = createTurns(picturesAtOnce);

  async function recording(file: { path: string; size: number }, contentType: string, declared: MediaKind) {
    const { kind, duration, dimensions } = await recordings.read(file.path, file.size);
    mustBe(kind, declared);
    // Files for video hold sound alone as well: it is what browsers and phones record as a voice message.
    const mimeType = contentType.replace(/^(?:audio|video)/, kind);
    const frame =
      kind === "video" ? await inTurn(async () => videoFrame?.(file.path, contentType, duration)) : undefined;
    const thumbnail = frame && (await inTurn(() => thumbnailOf(frame)).catch(() => undefined));
    const facts = {
      mimeType,
      size: file.size,
      ...(duration ? { duration } : {}),
      ...(dimensions ? { dimensions } : {}),
    };
    return { path: file.path, facts, thumbnail };
  }

  return {
    async inspect(file, declared, folder) {
      const contentType = await contentTypeOf(file.path, file.size);
      if (isPicture(contentType)) {
        mustBe("image", declared);
        // Of some formats all is read into memory, to know their size alone.
        if (file.size > limits.bytes.image) throw new ChatError("file_too_large", { maxBytes: limits.bytes.image });
        return inTurn(async () => {
          const { path, ...facts } = await cleanPicture(file.path, contentType, folder, limits.pixels);
          return { path, facts, thumbnail: await thumbnailOf(path) };
        });
      }
      if (/^(?:audio|video)\//.test(contentType)) {
        try {
          return await recording(file, contentType, declared);
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

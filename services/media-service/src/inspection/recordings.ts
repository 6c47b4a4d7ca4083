// Measures audio and video, by MediaInfo compiled to WebAssembly, and blanks what else they say.
import { type FileHandle, open } from "node:fs/promises";
import { ChatError } from "@khui/contracts";
import mediaInfoFactory, { type MediaInfoResult } from "mediainfo.js";
import { blankRecording } from "./containers/containers.js";

export interface Recording {
  readonly kind: "audio" | "video";
  /** Seconds, where the file states it or it can be measured. */
  readonly duration: number | undefined;
  /** Of a video, as it is shown: rotated if its file says so. */
  readonly dimensions: { readonly width: number; readonly height: number } | undefined;
  /** Whether its file has been blanked, in place. */
  readonly isBlanked: boolean;
}

export interface RecordingReader {
  /** Throws damaged_file when there is neither an audio nor a video track, or when reading takes more than 5 s. */
  read(path: string, size: number, contentType: string): Promise<Recording>;
}

/** Well-formed files take less than a second. */
const timeoutMs = 5_000;
const options = { format: "object", chunkSize: 65_536 } as const;

/** For a worker: the parser is synchronous, and once it has its bytes, only killing the process stops it. */
export async function createRecordingReader(): Promise<RecordingReader> {
  let parser = await mediaInfoFactory(options);

  async function analyze(file: FileHandle, size: number, deadline: number): Promise<MediaInfoResult> {
    try {
      return await parser.analyzeData(size, async (length, position) => {
        if (Date.now() > deadline) throw new Error("reading took too long");
        const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, position);
        return buffer.subarray(0, bytesRead);
      });
    } catch (error) {
      // Its state is unknown after a failure.
      parser.close();
      parser = await mediaInfoFactory(options);
      throw Object.assign(new ChatError("damaged_file"), { cause: error });
    }
  }

  async function describe(file: FileHandle, path: string, size: number, contentType: string): Promise<Recording> {
    const deadline = Date.now() + timeoutMs;
    const tracks = (await analyze(file, size, deadline)).media?.track ?? [];
    const general = tracks.find((track) => track["@type"] === "General");
    const video = tracks.find((track) => track["@type"] === "Video");
    const audio = tracks.find((track) => track["@type"] === "Audio");
    if (!video && !audio) throw new ChatError("damaged_file");
    const stated = positive(general?.Duration) ?? positive(video?.Duration) ?? positive(audio?.Duration);
    const blanked = blankRecording(path, size, contentType, deadline);
    const measured = positive(blanked?.seconds);
    // Of a CAF it states that of its first 64 KB.
    const duration = general?.Format === "CAF" ? (measured ?? stated) : (stated ?? measured);
    const [width, height] = [positive(video?.Width), positive(video?.Height)];
    const rotated = Number(video?.Rotation ?? 0) % 180 !== 0;
    return {
      kind: video ? "video" : "audio",
      duration: duration && Math.round(duration * 1000) / 1000,
      dimensions: width && height ? (rotated ? { width: height, height: width } : { width, height }) : undefined,
      isBlanked: blanked !== undefined,
    };
  }

  return {
    async read(path, size, contentType) {
      const file = await open(path);
      try {
        return await describe(file, path, size, contentType);
      } finally {
        await file.close();
      }
    },
  };
}

function positive(value: unknown): number | undefined {
  const number = Number(value ?? 0);
  return Number.isFinite(number) && number > 0 ? number : undefined;
}

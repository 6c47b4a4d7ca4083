// What a sound or a video tells of itself, by MediaInfo compiled to WebAssembly.
import { type FileHandle, open } from "node:fs/promises";
import { ChatError } from "@khui/contracts";
import mediaInfoFactory, { type MediaInfoResult } from "mediainfo.js";
import { webmDuration } from "./webm-duration.js";

export interface Recording {
  readonly kind: "audio" | "video";
  /** Seconds, where the file says or shows it. */
  readonly duration: number | undefined;
  /** Of a video, as it is shown: turned if its file says so. */
  readonly dimensions: { readonly width: number; readonly height: number } | undefined;
}

export interface RecordingReader {
  /** Throws damaged_file when there is neither sound nor picture in it, or more than 5 s pass before all that is asked for is read. */
  read(path: string, size: number): Promise<Recording>;
}

/** Honest files take less than a second. */
const timeoutMs = 5_000;
const options = { format: "object", chunkSize: 65_536 } as const;

/** For a worker: the parser is synchronous, and what it does with the bytes that it has read nothing but the process's end can stop. */
export async function createRecordingReader(): Promise<RecordingReader> {
  let parser = await mediaInfoFactory(options);

  async function analyze(file: FileHandle, size: number, deadline: number): Promise<MediaInfoResult> {
    try {
      return await parser.analyzeData(size, async (length, position) => {
        if (Date.now() > deadline) throw new Error("it takes too long");
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

  async function describe(file: FileHandle, size: number): Promise<Recording> {
    const deadline = Date.now() + timeoutMs;
    const tracks = (await analyze(file, size, deadline)).media?.track ?? [];
    const general = tracks.find((track) => track["@type"] === "General");
    const video = tracks.find((track) => track["@type"] === "Video");
    const audio = tracks.find((track) => track["@type"] === "Audio");
    if (!video && !audio) throw new ChatError("damaged_file");
    const said = positive(general?.Duration) ?? positive(video?.Duration) ?? positive(audio?.Duration);
    const shown = !said && general?.Format === "WebM" ? await webmDuration(file, size, deadline) : said;
    const [width, height] = [positive(video?.Width), positive(video?.Height)];
    const turned = Number(video?.Rotation ?? 0) % 180 !== 0;
    return {
      kind: video ? "video" : "audio",
      duration: shown && Math.round(shown * 1000) / 1000,
      dimensions: width && height ? (turned ? { width: height, height: width } : { width, height }) : undefined,
    };
  }

  return {
    async read(path, size) {
      const file = await open(path);
      try {
        return await describe(file, size);
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

// Takes a frame out of a video, by ffmpeg where it is installed.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { withResourceLimits } from "@khui/service/process";

const run = promisify(execFile);

/** Resolves with a frame of the video as a PNG, or undefined when there is none. Never rejects. */
export type VideoFrame = (
  path: string,
  contentType: string,
  duration: number | undefined,
) => Promise<Buffer | undefined>;

/**
 * ffmpeg's demuxers by content type. Naming the demuxer keeps ffmpeg from taking the file for a playlist, which may name other
 * files of this machine.
 */
const demuxers: Readonly<Record<string, string>> = {
  "video/mp4": "mov",
  "video/quicktime": "mov",
  "video/3gpp": "mov",
  "video/3gpp2": "mov",
  "video/webm": "matroska",
  "video/matroska": "matroska",
  "video/x-matroska": "matroska",
  "video/vnd.avi": "avi",
  "video/x-msvideo": "avi",
  "video/ogg": "ogg",
};
const timeoutMs = 20_000;
/** The sides of the frame: twice those of the thumbnail. */
const framePixels = 640;
const maxFrameBytes = 8 * 1024 * 1024;
/**
 * A frame's share of the pixels that a picture may have: a decoder keeps up to 16 reference frames (H.264, A.3).
 * With 12.5 million pixels, beyond 4K, they take some 450 MB.
 */
const pixelShare = 0.25;
/** Bytes of one allocation: an index of 60 million samples that do not exist would be 3 GB. The frames above have 64 MB at most. */
const maxAllocation = 128 * 1024 * 1024;
/** Of the whole process, where the system can limit it: libraries take 320 MB of addresses, and decoding what is said above. */
const limits = { addressSpaceBytes: 1024 * 1024 * 1024, cpuSeconds: 2 * (timeoutMs / 1000) };

/** `maxPixels` is what a picture may have. Resolves with undefined when `program` cannot be run. */
export async function findVideoFrame(program: string, maxPixels: number): Promise<VideoFrame | undefined> {
  const isInstalled = await run(...withResourceLimits(program, ["-version"], limits), { timeout: timeoutMs }).then(
    () => true,
    () => false,
  );
  if (!isInstalled) return undefined;
  return async (path, contentType, duration = 0) => {
    const demuxer = demuxers[contentType];
    if (demuxer === undefined) return undefined;
    // The very first frame is often black.
    const seconds = String(Math.min(1, duration / 3));
    const scale = `scale=w=${framePixels}:h=${framePixels}:force_original_aspect_ratio=decrease`;
    const pixelLimit = ["-max_pixels", String(Math.floor(maxPixels * pixelShare))];
    const input = [...pixelLimit, "-protocol_whitelist", "file", "-f", demuxer, "-ss", seconds, "-i", `file:${path}`];
    const output = ["-map", "0:v:0", "-frames:v", "1", "-vf", scale, "-c:v", "png", "-f", "image2pipe", "pipe:1"];
    const options = {
      encoding: "buffer",
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      maxBuffer: maxFrameBytes,
    } as const;
    const memoryLimits = ["-max_alloc", String(maxAllocation), "-threads", "1", "-filter_threads", "1"];
    const args = ["-nostdin", "-v", "error", ...memoryLimits, ...input, ...output];
    const { stdout } = await run(...withResourceLimits(program, args, limits), options).catch(() => ({
      stdout: undefined,
    }));
    return stdout && stdout.length > 0 ? stdout : undefined;
  };
}

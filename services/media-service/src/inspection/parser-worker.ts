// The worker process that parses untrusted files, and nothing else: it may be killed at any time. Started by parsers.ts.
import { ChatError } from "@khui/contracts";
import { serveJobs } from "@khui/service/worker";
import type { ParserJob, ParserJobs, ParserOutcome } from "./parser-jobs.js";
import { cleanPicture, squaresOf, thumbnailOf } from "./pictures.js";
import { createRecordingReader } from "./recordings.js";
import { limitWebAssemblyMemory } from "./webassembly-memory.js";

/** MediaInfo takes up to 86 MB for well-formed files of any size. */
const maxWebAssemblyBytes = 128 * 1024 * 1024;

limitWebAssemblyMemory(maxWebAssemblyBytes);
// Before it takes jobs, so that their deadlines do not include it.
const recordings = await createRecordingReader();

serveJobs(async (job: ParserJob): Promise<ParserOutcome> => {
  try {
    return { result: await parse(job) };
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    const { code, details } = error;
    return { refused: { code, details } };
  }
});

async function parse(job: ParserJob): Promise<ParserJobs[keyof ParserJobs]["result"]> {
  if (job.name === "recording") return recordings.read(job.path, job.size, job.contentType);
  if (job.name === "thumbnail") return thumbnailOf(Buffer.from(job.picture));
  if (job.name === "squares") return squaresOf(job.path, job.contentType, job.folder, job.maxPixels, job.sizes);
  const picture = await cleanPicture(job.path, job.contentType, job.folder, job.maxPixels);
  return { ...picture, thumbnail: await thumbnailOf(picture.path) };
}

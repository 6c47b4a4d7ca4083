// A process that parses foreign bytes, and nothing else: it may be ended at any time. Started by parsers.ts.
import { ChatError } from "@khui/contracts";
import { serveJobs } from "@khui/service/worker";
import type { ParserJob, ParserJobs, ParserOutcome } from "./parser-jobs.js";
import { cleanPicture, thumbnailOf } from "./pictures.js";
import { createRecordingReader } from "./recordings.js";
import { boundWebAssemblyMemory } from "./webassembly-memory.js";

/** MediaInfo takes up to 86 MB for honest files of any size. */
const mostWebAssemblyBytes = 128 * 1024 * 1024;

boundWebAssemblyMemory(mostWebAssemblyBytes);
// Before it takes jobs, so that a deadline is for the job alone.
const recordings = await createRecordingReader();

serveJobs(async (job: ParserJob): Promise<ParserOutcome> => {
  try {
    return { found: await parse(job) };
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    const { code, details } = error;
    return { refused: { code, details } };
  }
});

async function parse(job: ParserJob): Promise<ParserJobs[keyof ParserJobs]["found"]> {
  if (job.name === "recording") return recordings.read(job.path, job.size);
  if (job.name === "thumbnail") return thumbnailOf(Buffer.from(job.picture));
  const picture = await cleanPicture(job.path, job.contentType, job.folder, job.maxPixels);
  return { ...picture, thumbnail: await thumbnailOf(picture.path) };
}

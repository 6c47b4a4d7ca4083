// Hands foreign bytes to worker processes, which are killed at a deadline and whose memory the kernel bounds.
import { ChatError } from "@khui/contracts";
import { createWorkerPool, WorkerEnded, WorkerUnavailable } from "@khui/service/process";
import type { ParserJob, ParserJobName, ParserJobs, ParserOutcome } from "./parser-jobs.js";

export interface Parsers {
  /**
   * What the job is told by its name. Throws what the parser refuses the file for; damaged_file when the worker did not survive it;
   * too_many_pixels when a picture took too long, damaged_file when a recording did; service_unavailable when there is no worker to be had.
   */
  parse<Name extends ParserJobName>(name: Name, asked: ParserJobs[Name]["asked"]): Promise<ParserJobs[Name]["found"]>;
  close(): void;
}

/** For each kind of job, when its worker is killed, ms. */
export type ParserDeadlines = Readonly<Record<ParserJobName, number>>;

/** More than honest files take on a slow machine. Of a picture: `timeoutSeconds` of pictures.ts ends most before. */
const defaultDeadlines: ParserDeadlines = { recording: 6_000, picture: 25_000, thumbnail: 10_000 };

/** A picture of 50 million pixels takes 250 MB beside the 210 that a process with its parsers begins with. */
const dataBytes = 640 * 1024 * 1024;

/** Starts no worker before the first file. The caller bounds how many are parsed at once. */
export function createParsers(deadlines: ParserDeadlines = defaultDeadlines): Parsers {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const entry = new URL(`./parser-worker.${extension}`, import.meta.url);
  const pool = createWorkerPool<ParserJob, ParserOutcome>({ entry, dataBytes });
  return {
    async parse<Name extends ParserJobName>(name: Name, asked: ParserJobs[Name]["asked"]) {
      const outcome = await pool
        .run({ ...asked, name } as ParserJob, deadlines[name])
        .catch((error: unknown) => Promise.reject(refusal(error, name)));
      if ("refused" in outcome) throw new ChatError(outcome.refused.code, outcome.refused.details);
      return outcome.found as ParserJobs[Name]["found"];
    },
    close: () => pool.close(),
  };
}

function refusal(error: unknown, name: ParserJobName): unknown {
  const because = (failure: ChatError) => Object.assign(failure, { cause: error });
  if (error instanceof WorkerUnavailable) return because(new ChatError("service_unavailable", { retryAfter: 5 }));
  if (!(error instanceof WorkerEnded)) return error;
  return because(new ChatError(error.timedOut && name !== "recording" ? "too_many_pixels" : "damaged_file"));
}

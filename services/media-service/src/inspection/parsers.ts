// Parses untrusted files in worker processes, which are killed at a deadline and whose memory the kernel limits.
import { ChatError } from "@khui/contracts";
import { createWorkerPool, WorkerEnded, WorkerUnavailable } from "@khui/service/process";
import type { ParserJob, ParserJobName, ParserJobs, ParserOutcome } from "./parser-jobs.js";

export interface Parsers {
  /**
   * The result of a job. Throws what the parser refuses the file for; damaged_file when the worker crashed; too_many_pixels when a
   * picture took too long, damaged_file when a recording did; service_unavailable when there is no worker.
   */
  parse<Name extends ParserJobName>(name: Name, input: ParserJobs[Name]["input"]): Promise<ParserJobs[Name]["result"]>;
  close(): void;
}

/** For each kind of job, after how long its worker is killed, ms. */
export type ParserDeadlines = Readonly<Record<ParserJobName, number>>;

/** More than well-formed files take on a slow machine. `timeoutSeconds` of pictures.ts ends most pictures before. */
const defaultDeadlines: ParserDeadlines = { recording: 6_000, picture: 25_000, squares: 25_000, thumbnail: 10_000 };

/** A picture of 50 million pixels takes 250 MB beside the 210 that a process with its parsers begins with. */
const dataBytes = 640 * 1024 * 1024;

/** Starts no worker before the first file. The caller limits the concurrency. */
export function createParsers(deadlines: ParserDeadlines = defaultDeadlines): Parsers {
  const entry = new URL("./parser-worker.js", import.meta.url);
  const pool = createWorkerPool<ParserJob, ParserOutcome>({ entry, dataBytes });
  return {
    async parse<Name extends ParserJobName>(name: Name, input: ParserJobs[Name]["input"]) {
      const outcome = await pool
        .run({ ...input, name } as ParserJob, deadlines[name])
        .catch((error: unknown) => Promise.reject(failureOf(error, name)));
      if ("refused" in outcome) throw new ChatError(outcome.refused.code, outcome.refused.details);
      return outcome.result as ParserJobs[Name]["result"];
    },
    close: () => pool.close(),
  };
}

function failureOf(error: unknown, name: ParserJobName): unknown {
  const withCause = (failure: ChatError) => Object.assign(failure, { cause: error });
  if (error instanceof WorkerUnavailable) return withCause(new ChatError("service_unavailable", { retryAfter: 5 }));
  if (!(error instanceof WorkerEnded)) return error;
  return withCause(new ChatError(error.timedOut && name !== "recording" ? "too_many_pixels" : "damaged_file"));
}

// The jobs of the parser worker: what it is given, and what it answers.
import type { ErrorCode } from "@khui/contracts";
import type { PictureType } from "./kinds.js";
import type { CleanPicture } from "./pictures.js";
import type { Recording } from "./recordings.js";

/** By name: the input of a job, and its result. */
export interface ParserJobs {
  readonly recording: { input: { path: string; size: number; contentType: string }; result: Recording };
  readonly picture: {
    input: { path: string; contentType: PictureType; folder: string; maxPixels: number };
    result: CleanPicture & { readonly thumbnail: Uint8Array };
  };
  readonly squares: {
    input: { path: string; contentType: PictureType; folder: string; maxPixels: number; sizes: readonly number[] };
    result: readonly Uint8Array[];
  };
  readonly thumbnail: { input: { picture: Uint8Array }; result: Uint8Array };
}

export type ParserJobName = keyof ParserJobs;

export type ParserJob = { [Name in ParserJobName]: { readonly name: Name } & ParserJobs[Name]["input"] }[ParserJobName];

/** A refusal is an outcome like any other: the worker stays usable. */
export type ParserOutcome =
  | { readonly result: ParserJobs[ParserJobName]["result"] }
  | { readonly refused: { readonly code: ErrorCode; readonly details?: unknown } };

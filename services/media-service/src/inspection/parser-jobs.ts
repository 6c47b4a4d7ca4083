// What a parser worker is asked to do, and what it answers.
import type { ErrorCode } from "@khui/contracts";
import type { PictureType } from "./kinds.js";
import type { CleanPicture } from "./pictures.js";
import type { Recording } from "./recordings.js";

/** By name: what goes to the worker, and what comes back. */
export interface ParserJobs {
  readonly recording: { asked: { path: string; size: number }; found: Recording };
  readonly picture: {
    asked: { path: string; contentType: PictureType; folder: string; maxPixels: number };
    found: CleanPicture & { readonly thumbnail: Uint8Array };
  };
  readonly thumbnail: { asked: { picture: Uint8Array }; found: Uint8Array };
}

export type ParserJobName = keyof ParserJobs;

export type ParserJob = { [Name in ParserJobName]: { readonly name: Name } & ParserJobs[Name]["asked"] }[ParserJobName];

/** A file that is refused is an outcome like any other: the worker is as good as before. */
export type ParserOutcome =
  | { readonly found: ParserJobs[ParserJobName]["found"] }
  | { readonly refused: { readonly code: ErrorCode; readonly details?: unknown } };

// Reads an upload's form: the one file to disk, the fields before and after it.
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { MultipartFile } from "@fastify/multipart";
import { ChatError, type MediaKind, UploadFields } from "@khui/contracts";
import type { FastifyRequest } from "fastify";
import { Compile } from "typebox/compile";
import type { MediaLimits } from "../limits.js";
import { checkFileName } from "./file-name.js";

export interface Form {
  readonly fields: UploadFields;
  /** Where the file is, its name as given, and its size in bytes. */
  readonly file: { readonly path: string; readonly name: string; readonly size: number };
}

/** A caption of 40,000 UTF-16 units has at most three bytes for each. */
const longestField = 128 * 1024;
const mostFields = 20;
const fieldNames = Object.keys(UploadFields.properties);
const validator = Compile(UploadFields);

/**
 * Streams the file into `folder`. Throws no_file, too_many_files, empty_file, invalid_file_name, file_too_large, invalid_request (with the
 * faulty fields), upload_incomplete when the body breaks off, and the reason of `ended` once it is aborted.
 */
export async function readForm(
  request: FastifyRequest,
  folder: string,
  limits: MediaLimits,
  ended: AbortSignal,
): Promise<Form> {
  if (!request.isMultipart()) throw new ChatError("unsupported_media_type");
  // A client that is gone already is not heard of again: its form would be waited for for ever.
  if (request.raw.destroyed) throw new ChatError("upload_incomplete");
  if (!/;\s*boundary=\s*"?[^\s";]/i.test(request.headers["content-type"] ?? "")) throw badFields("");
  try {
    ended.throwIfAborted();
    const reading = readParts(request, folder, limits, ended);
    const { given, file } = await Promise.race([reading, rejectionOf(ended)]);
    if (!file) throw new ChatError("no_file");
    const fields = readFields(given);
    if (file.size > limits.bytes[fields.type]) throw tooLarge(limits.bytes[fields.type]);
    return { fields, file };
  } catch (error) {
    // What is left of the body is read and dropped, so that a client still sending gets to see the answer.
    request.raw.unpipe().resume();
    throw ended.aborted ? ended.reason : refusal(error);
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

interface Parts {
  readonly given: Record<string, string>;
  readonly file: Form["file"] | undefined;
}

async function readParts(
  request: FastifyRequest,
  folder: string,
  limits: MediaLimits,
  ended: AbortSignal,
): Promise<Parts> {
  const given: Record<string, string> = {};
  let file: Form["file"] | undefined;
  const options = {
    fieldSize: longestField,
    fields: mostFields,
    files: 2,
    parts: mostFields + 2,
    fileSize: Infinity,
  };
  for await (const part of request.parts({ preservePath: true, limits: options })) {
    if (part.type === "field") {
      if (part.valueTruncated || typeof part.value !== "string") throw badFields(`/${part.fieldname}`);
      if (fieldNames.includes(part.fieldname)) given[part.fieldname] ??= part.value;
    } else {
      if (file) throw new ChatError("too_many_files");
      file = await receive(part, join(folder, "received"), largest(given.type, limits), ended);
    }
  }
  return { given, file };
}

/** The type may follow the file: until it is known, the file may be as large as any. */
function largest(type: string | undefined, { bytes }: MediaLimits): number {
  return type !== undefined && Object.hasOwn(bytes, type)
    ? bytes[type as MediaKind]
    : Math.max(...Object.values(bytes));
}

async function receive(
  part: MultipartFile,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Form["file"]> {
  if (part.fieldname !== "file") throw badFields(`/${part.fieldname}`);
  const name = checkFileName(part.filename ?? "");
  let size = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > maxBytes) done(tooLarge(maxBytes));
      else done(null, chunk);
    },
  });
  await pipeline(part.file, count, createWriteStream(path), { signal });
  if (size === 0) throw new ChatError("empty_file");
  return { path, name, size };
}

/** Forms send what was left empty as an empty text. */
function readFields(given: Record<string, string>): UploadFields {
  const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
  if (validator.Check(fields)) return fields;
  const faults = validator.Errors(fields).slice(0, 10);
  throw new ChatError("invalid_request", {
    part: "body",
    faults: faults.map(({ instancePath, message }) => ({ path: instancePath, message })),
  });
}

const tooLarge = (maxBytes: number) => new ChatError("file_too_large", { maxBytes });

const badFields = (path: string) =>
  new ChatError("invalid_request", {
    part: "body",
    faults: [{ path: path.slice(0, 200), message: `not one of: file, ${fieldNames.join(", ")}, or too long` }],
  });

function refusal(error: unknown): unknown {
  if (error instanceof ChatError) return error;
  const { code = "", message = "" } = error as { code?: string; message?: string };
  if (code === "FST_FILES_LIMIT") return new ChatError("too_many_files");
  if (code === "FST_INVALID_MULTIPART_CONTENT_TYPE") return new ChatError("unsupported_media_type");
  if (code.startsWith("FST_") && code !== "FST_PREMATURE_CLOSE") return badFields("");
  // Written here, the disk is full or gone: not the client's fault.
  if (["ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "ENOENT"].includes(code)) return error;
  return Object.assign(new ChatError("upload_incomplete"), { cause: message });
}

// Reads an upload's form: the one file to disk, the fields before and after it.
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { MultipartFile } from "@fastify/multipart";
import { ChatError, type MediaKind, UploadFields } from "@khui/contracts";
import { readMultipart } from "@khui/service/http";
import type { FastifyRequest } from "fastify";
import { Compile } from "typebox/compile";
import type { MediaLimits } from "../limits.js";
import { watchExtendedName } from "./extended-name.js";
import { checkFileName } from "./file-name.js";

export interface Form {
  readonly fields: UploadFields;
  /** Where the file is, its name as given, and its size in bytes. */
  readonly file: { readonly path: string; readonly name: string; readonly size: number };
}

/** A caption of 40,000 UTF-16 units has at most three bytes for each. */
const maxFieldBytes = 128 * 1024;
const maxFields = 20;
const fieldNames = Object.keys(UploadFields.properties);
const validator = Compile(UploadFields);

/**
 * Streams the file into `folder`. Throws no_file, too_many_files, empty_file, invalid_file_name, file_too_large, invalid_request (with the
 * invalid fields), upload_incomplete when the body breaks off, and the reason of `signal` once it is aborted.
 */
export function readForm(
  request: FastifyRequest,
  folder: string,
  limits: MediaLimits,
  signal: AbortSignal,
): Promise<Form> {
  return readMultipart(request, { malformed: () => invalidField(""), signal }, async () => {
    const { values, file } = await readParts(request, folder, (type) => maxBytesOf(type, limits), signal);
    const fields = checkFields(values);
    if (file.size > limits.bytes[fields.type]) throw tooLarge(limits.bytes[fields.type]);
    return { fields, file };
  });
}

/** The same for a form whose `file` alone counts, of at most `maxBytes`. */
export function readFile(
  request: FastifyRequest,
  folder: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Form["file"]> {
  return readMultipart(request, { malformed: () => invalidField(""), signal }, async () => {
    return (await readParts(request, folder, () => maxBytes, signal)).file;
  });
}

interface Parts {
  /** Of the fields that are known, the first of each name. */
  readonly values: Record<string, string>;
  readonly file: Form["file"];
}

/** `maxBytes` is what the file may have, by the type that has come before it. */
async function readParts(
  request: FastifyRequest,
  folder: string,
  maxBytes: (type: string | undefined) => number,
  signal: AbortSignal,
): Promise<Parts> {
  const values: Record<string, string> = {};
  let file: Form["file"] | undefined;
  const options = {
    fieldSize: maxFieldBytes,
    fields: maxFields,
    files: 2,
    parts: maxFields + 2,
    fileSize: Infinity,
  };
  const extendedName = watchExtendedName(request.raw);
  for await (const part of request.parts({ preservePath: true, limits: options })) {
    if (part.type === "field") {
      if (part.valueTruncated || typeof part.value !== "string") throw invalidField(`/${part.fieldname}`);
      if (fieldNames.includes(part.fieldname)) values[part.fieldname] ??= part.value;
    } else {
      if (file) throw new ChatError("too_many_files");
      const given = extendedName() ?? part.filename;
      file = await writeFile(part, given, join(folder, "received"), maxBytes(values.type), signal);
    }
  }
  if (!file) throw new ChatError("no_file");
  return { values, file };
}

/** The type may follow the file: until it is known, the file may be as large as any. */
function maxBytesOf(type: string | undefined, { bytes }: MediaLimits): number {
  return type !== undefined && Object.hasOwn(bytes, type)
    ? bytes[type as MediaKind]
    : Math.max(...Object.values(bytes));
}

async function writeFile(
  part: MultipartFile,
  given: string | undefined,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Form["file"]> {
  if (part.fieldname !== "file") throw invalidField(`/${part.fieldname}`);
  const name = checkFileName(given ?? "");
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

/** Browsers send a field that was left empty as an empty text. */
function checkFields(values: Record<string, string>): UploadFields {
  const fields = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
  if (validator.Check(fields)) return fields;
  const errors = validator.Errors(fields).slice(0, 10);
  throw new ChatError("invalid_request", {
    part: "body",
    faults: errors.map(({ instancePath, message }) => ({ path: instancePath, message })),
  });
}

const tooLarge = (maxBytes: number) => new ChatError("file_too_large", { maxBytes });

const invalidField = (path: string) =>
  new ChatError("invalid_request", {
    part: "body",
    faults: [{ path: path.slice(0, 200), message: `not one of: file, ${fieldNames.join(", ")}, or too long` }],
  });

// Reads the form of a publish: one file, an archive.
import { ChatError } from "@khui/contracts";
import type { FastifyRequest } from "fastify";

/** 60 MB of pictures are no smaller when packed, but no set of honest stickers comes near them. */
export const mostArchiveBytes = 20 * 1024 * 1024;
const mostFields = 20;
/** A connection on which nothing came for this long is ended by Node. Shorter than what the edge waits. */
const silenceMs = 60_000;

/**
 * The bytes of the one field `file`; other fields are not looked at. Throws unsupported_media_type, no_file, too_many_files,
 * empty_file, file_too_large, invalid_request, upload_incomplete when the body breaks off.
 */
export async function readArchive(request: FastifyRequest): Promise<Buffer> {
  if (!request.isMultipart()) throw new ChatError("unsupported_media_type");
  if (!/;\s*boundary=\s*"?[^\s";]/i.test(request.headers["content-type"] ?? "")) throw badForm("");
  // A client that is gone already is not heard of again: its form would be waited for for ever.
  if (request.raw.destroyed) throw new ChatError("upload_incomplete");
  const { socket } = request.raw;
  socket.setTimeout(silenceMs);
  try {
    return await readParts(request);
  } catch (error) {
    // What is left of the body is read and dropped, so that a client still sending gets to see the answer.
    request.raw.unpipe().resume();
    throw refusal(error);
  } finally {
    // What is left of a refused body is still to come.
    if (request.raw.complete) socket.setTimeout(0);
  }
}

async function readParts(request: FastifyRequest): Promise<Buffer> {
  let archive: Buffer | undefined;
  const limits = { fileSize: mostArchiveBytes, files: 2, fields: mostFields, parts: mostFields + 2, fieldSize: 4096 };
  for await (const part of request.parts({ limits })) {
    if (part.type === "field") continue;
    if (part.fieldname !== "file") throw badForm(part.fieldname);
    if (archive) throw new ChatError("too_many_files");
    archive = await part.toBuffer();
  }
  if (!archive) throw new ChatError("no_file");
  if (archive.length === 0) throw new ChatError("empty_file");
  return archive;
}

const badForm = (field: string) =>
  new ChatError("invalid_request", {
    part: "body",
    faults: [{ path: `/${field}`.slice(0, 200).toWellFormed(), message: "the form has one file, called file" }],
  });

function refusal(error: unknown): unknown {
  if (error instanceof ChatError) return error;
  const { code = "", message = "" } = error as { code?: string; message?: string };
  if (code === "FST_REQ_FILE_TOO_LARGE") return new ChatError("file_too_large", { maxBytes: mostArchiveBytes });
  if (code === "FST_FILES_LIMIT") return new ChatError("too_many_files");
  if (code === "FST_INVALID_MULTIPART_CONTENT_TYPE") return new ChatError("unsupported_media_type");
  if (code.startsWith("FST_") && code !== "FST_PREMATURE_CLOSE") return badForm("");
  return Object.assign(new ChatError("upload_incomplete"), { cause: message });
}

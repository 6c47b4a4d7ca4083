// Reads the form of a publish: one file, the archive of a set.
import { ChatError } from "@khui/contracts";
import { closeWhenIdle, readMultipart } from "@khui/service/http";
import type { FastifyRequest } from "fastify";

/** 60 MB of pictures are no smaller when packed, but no real set of stickers comes near them. */
const maxArchiveBytes = 20 * 1024 * 1024;
const maxFields = 20;

/**
 * The bytes of the one field `file`; other fields are ignored. Throws unsupported_media_type, no_file, too_many_files,
 * empty_file, file_too_large, invalid_request, upload_incomplete when the body breaks off.
 */
export async function readArchive(request: FastifyRequest): Promise<Buffer> {
  closeWhenIdle(request.raw);
  try {
    return await readMultipart(request, { malformed: () => invalidField("") }, () =>
      readParts(request).catch((error: { code?: string }) => {
        throw error.code === "FST_REQ_FILE_TOO_LARGE" ? tooLarge() : error;
      }),
    );
  } finally {
    // The rest of a refused body is still to come.
    if (request.raw.complete) request.raw.socket.setTimeout(0);
  }
}

async function readParts(request: FastifyRequest): Promise<Buffer> {
  let archive: Buffer | undefined;
  const limits = { fileSize: maxArchiveBytes, files: 2, fields: maxFields, parts: maxFields + 2, fieldSize: 4096 };
  for await (const part of request.parts({ limits })) {
    if (part.type === "field") continue;
    if (part.fieldname !== "file") throw invalidField(part.fieldname);
    if (archive) throw new ChatError("too_many_files");
    archive = await part.toBuffer();
  }
  if (!archive) throw new ChatError("no_file");
  if (archive.length === 0) throw new ChatError("empty_file");
  return archive;
}

const tooLarge = () => new ChatError("file_too_large", { maxBytes: maxArchiveBytes });

const invalidField = (field: string) =>
  new ChatError("invalid_request", {
    part: "body",
    faults: [{ path: `/${field}`.slice(0, 200).toWellFormed(), message: "the form has one file, called file" }],
  });

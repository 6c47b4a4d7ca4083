// What all routes that take a form have in common: refusals of its framing, and bodies that do not end.
import type { IncomingMessage } from "node:http";
import { ChatError } from "@khui/contracts";
import type { FastifyRequest } from "fastify";

/** Shorter than what the edge waits. */
const idleMs = 60_000;

/** From now on the connection of `request` is closed once nothing has come in on it for a minute. */
export function closeWhenIdle({ socket }: IncomingMessage): void {
  socket.setTimeout(idleMs);
}

export interface MultipartOptions {
  /** The refusal of a form that cannot be read, or that has more parts than it may. */
  readonly malformed: () => ChatError;
  /** The reading rejects with its reason once it is aborted. */
  readonly signal?: AbortSignal;
}

/** @fastify/multipart adds `isMultipart` where it is registered. */
type MultipartRequest = FastifyRequest & { isMultipart(): boolean };

/** Of the system, when it could not write what came: not the client's fault. */
const diskErrors = ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EACCES", "ENOENT"];

/**
 * Resolves with what `read` makes of the form. Throws what `read` throws, unsupported_media_type for another body, upload_incomplete when the body
 * breaks off, too_many_files, and what `malformed` makes. What is left of a refused body is read and dropped, so that a client that still
 * sends gets to see the answer.
 */
export async function readMultipart<Form>(
  request: MultipartRequest,
  { malformed, signal }: MultipartOptions,
  read: () => Promise<Form>,
): Promise<Form> {
  if (!request.isMultipart()) throw new ChatError("unsupported_media_type");
  // The connection of a client that is already gone emits nothing any more: its form would be awaited for ever.
  if (request.raw.destroyed) throw new ChatError("upload_incomplete");
  if (!/;\s*boundary=\s*"?[^\s";]/i.test(request.headers["content-type"] ?? "")) throw malformed();
  try {
    signal?.throwIfAborted();
    const reading = read();
    return await (signal ? Promise.race([reading, rejectionOf(signal)]) : reading);
  } catch (error) {
    request.raw.unpipe().resume();
    throw signal?.aborted ? signal.reason : failureOf(error, malformed);
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function failureOf(error: unknown, malformed: () => ChatError): unknown {
  if (error instanceof ChatError) return error;
  const { code = "", message = "" } = error as { code?: string; message?: string };
  if (code === "FST_FILES_LIMIT") return new ChatError("too_many_files");
  if (code === "FST_INVALID_MULTIPART_CONTENT_TYPE") return new ChatError("unsupported_media_type");
  if (code.startsWith("FST_") && code !== "FST_PREMATURE_CLOSE") return malformed();
  return diskErrors.includes(code) ? error : Object.assign(new ChatError("upload_incomplete"), { cause: message });
}

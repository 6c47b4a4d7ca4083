// Slow bodies, and bodies still arriving after their answer: each has a deadline, and is not read for long.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { ChatError, type ErrorCode, errorText } from "@khui/contracts";
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RequestPayload } from "fastify";

/** Enough for the largest JSON body at 70 kbit/s. */
const defaultBodyMs = 30_000;
/** After the answer, the rest of the body is read and discarded for this long. */
const lingerMs = 30_000;
/** For unauthenticated clients: for this long and this many bytes, which is the largest JSON body. */
const strangerLingerMs = 1_000;
const strangerLingerBytes = 256 * 1024;

/** Forms are read by their routes, which have their own rules. */
const isForm = ({ headers }: FastifyRequest) => /^multipart\//i.test(headers["content-type"] ?? "");

/**
 * Answers 408 to a body, other than a form, that has not arrived `bodyMs` after its headers. A request that is answered before
 * its body has arrived is the last of its connection.
 */
export function boundReceiving(app: FastifyInstance, bodyMs = defaultBodyMs): void {
  app.addHook("preParsing", (request, reply, payload, done) => {
    done(null, isComing(request.raw) && !isForm(request) ? withDeadline(payload, reply.raw, bodyMs) : payload);
  });
  app.addHook("onSend", async (request, reply) => {
    const { raw, identity } = request;
    // A route that reads a form handles the rest of it.
    if (!isComing(raw) || (identity && isForm(request))) return;
    // A body that arrived in the same packet as the headers is reported a little later.
    await setImmediate();
    if (!isComing(raw)) return;
    reply.header("connection", "close");
    // A slow body has used up its time already.
    const isPatient = identity && reply.statusCode !== 408;
    linger(raw, isPatient ? lingerMs : strangerLingerMs, isPatient ? Number.POSITIVE_INFINITY : strangerLingerBytes);
  });
}

function withDeadline(payload: RequestPayload, response: ServerResponse, ms: number): RequestPayload {
  const timed = payload.pipe(new PassThrough());
  const timer = setTimeout(() => timed.destroy(new ChatError("request_timeout")), ms);
  timed.once("close", () => clearTimeout(timer));
  payload.once("error", (error) => timed.destroy(error));
  // Without a reader nobody handles its error either.
  timed.on("error", () => undefined);
  response.once("close", () => timed.destroy());
  return timed;
}

/** Whether a part of the body has not arrived yet. */
function isComing({ complete, headers }: IncomingMessage): boolean {
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  return complete === false && hasBody;
}

/**
 * Closes the connection after the answer in two steps (a lingering close): our side at once, and the socket when the client has
 * closed its side or the time is over. A close with bytes unread resets the connection, and the client may lose the answer.
 */
function linger(request: IncomingMessage, ms: number, bytes: number): void {
  const { socket } = request;
  let left = bytes;
  request.unpipe().resume();
  request.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.pause();
  });
  // Called by Node once the last answer of a connection is written.
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), ms).unref();
    socket.once("close", () => clearTimeout(timer));
  };
}

/** Answers malformed HTTP and requests that timed out. Never logs what was sent, which may contain a token. */
export function answerBroken(log: FastifyBaseLogger, error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  log.trace({ code: error.code }, "broken request");
  const { code, status } = new ChatError(failures[error.code ?? ""] ?? "invalid_request");
  const phrase = STATUS_CODES[status];
  const body = JSON.stringify({ success: false, statusCode: status, error: phrase, code, message: errorText(code) });
  if (socket.writable) {
    const head = `HTTP/1.1 ${status} ${phrase}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n`;
    socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }
  socket.destroy();
}

const failures: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout",
  HPE_HEADER_OVERFLOW: "headers_too_large",
};

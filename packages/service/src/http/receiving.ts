// Bodies that come slowly, or after their answer: each has a deadline, and nobody reads on for long.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { ChatError, type ErrorCode, errorText } from "@khui/contracts";
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RequestPayload } from "fastify";

/** The largest body of JSON at 70 kbit/s. */
const defaultBodyMs = 30_000;
/** What a client is still sending is dropped for so long after its answer. */
const lingerMs = 30_000;
/** And of someone who is not signed in, for so long and so many bytes: the largest body of JSON. */
const strangerLingerMs = 1_000;
const strangerLingerBytes = 256 * 1024;

/** Forms are read by their routes, which have rules of their own. */
const isForm = ({ headers }: FastifyRequest) => /^multipart\//i.test(headers["content-type"] ?? "");

/**
 * Answers 408 to a body, other than a form, that has not come `bodyMs` after its headers. A request that is answered before
 * its body has come is the last of its connection.
 */
export function boundReceiving(app: FastifyInstance, bodyMs = defaultBodyMs): void {
  app.addHook("preParsing", (request, reply, payload, done) => {
    done(null, isComing(request.raw) && !isForm(request) ? withDeadline(payload, reply.raw, bodyMs) : payload);
  });
  app.addHook("onSend", async (request, reply) => {
    const { raw, identity } = request;
    // A route that reads a form deals with the rest of it.
    if (!isComing(raw) || (identity && isForm(request))) return;
    // What came in one packet with the headers is told of a little later.
    await setImmediate();
    if (!isComing(raw)) return;
    reply.header("connection", "close");
    // Who trickled has had the time.
    const isPatient = identity && reply.statusCode !== 408;
    linger(raw, isPatient ? lingerMs : strangerLingerMs, isPatient ? Number.POSITIVE_INFINITY : strangerLingerBytes);
  });
}

function withDeadline(payload: RequestPayload, response: ServerResponse, ms: number): RequestPayload {
  const timed = payload.pipe(new PassThrough());
  const timer = setTimeout(() => timed.destroy(new ChatError("request_timeout")), ms);
  timed.once("close", () => clearTimeout(timer));
  payload.once("error", (error) => timed.destroy(error));
  // Where nobody reads it, nobody hears of its failure either.
  timed.on("error", () => undefined);
  response.once("close", () => timed.destroy());
  return timed;
}

/** Whether there is a body of which a part is still to come. */
function isComing({ complete, headers }: IncomingMessage): boolean {
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  return complete === false && hasBody;
}

/**
 * Closes the connection behind the answer in two steps: our side at once, and the other when the client has closed its own or
 * the time is over. A close with bytes unread resets the connection, which may take the answer away from the client.
 */
function linger(request: IncomingMessage, ms: number, bytes: number): void {
  const { socket } = request;
  let left = bytes;
  request.unpipe().resume();
  request.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.pause();
  });
  // What Node calls once the last answer of a connection is written.
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), ms).unref();
    socket.once("close", () => clearTimeout(timer));
  };
}

/** Answers what is no HTTP, or did not come in time. Never logs what was sent, which may hold a token. */
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

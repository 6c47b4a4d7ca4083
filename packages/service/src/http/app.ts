// The base HTTP app of every service: request ids, errors in one shape, body limits, health.
import fastifyCors from "@fastify/cors";
import { ChatError } from "@khui/contracts";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
  type RequestPayload,
} from "fastify";
import { toChatError } from "../failures.js";
import type { Telemetry } from "../telemetry/index.js";
import { minBodyLimit } from "./body-limit.js";
import { answerFailure } from "./failures.js";
import { isShuttingDown } from "./graceful-shutdown.js";
import { answerBroken, boundReceiving } from "./receiving.js";
import { instrumentRequests } from "./requests.js";
import { compileValidator } from "./validation.js";

export interface AppOptions {
  /** Nothing is logged when absent. */
  readonly log?: FastifyBaseLogger;
  /** Counts, times and traces requests. */
  readonly telemetry?: Telemetry;
  /** The peers whose X-Forwarded-For is trusted: the edge's addresses, or false when clients connect directly. */
  readonly trustProxy?: boolean | string;
  /** How long a body of JSON may take to arrive; 30,000. */
  readonly bodyMs?: number;
}

/** For a request to arrive, be it an upload: 100 MB at 1 Mbit/s. */
const longestRequestMs = 900_000;
/** For the headers alone; they fit into one or two packets. */
const headersTimeout = 10_000;
/** How often Node checks for requests that have timed out. */
const connectionsCheckingInterval = 5_000;

/** Creates the app that services mount their routes on. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    ...(options.log ? { loggerInstance: options.log } : {}),
    // Routes of the contracts have limits of their own, see `mounter`.
    bodyLimit: minBodyLimit,
    requestTimeout: longestRequestMs,
    // A service starts as a plugin: a migration, or waiting for another replica's, takes longer than any limit that fits all.
    pluginTimeout: 0,
    // A missing Host is refused below: Node's own answer has no body.
    http: { headersTimeout, connectionsCheckingInterval, requireHostHeader: false },
    clientErrorHandler: (error, socket) => answerBroken(app.log, error, socket),
    trustProxy: options.trustProxy ?? false,
    genReqId: (request) => requestId(request.headers["x-request-id"]),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (error, request, reply) => answerFailure(request, reply, toChatError(error)),
  });
  instrumentRequests(app, options.telemetry);
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler((error, request, reply) => {
    const known = toChatError(error);
    const maxBytes = request.routeOptions.bodyLimit;
    const failure = known.code === "payload_too_large" ? new ChatError(known.code, { maxBytes }) : known;
    if (failure.status >= 500) request.log.error({ err: error, url: request.routeOptions.url }, "request failed");
    return answerFailure(request, reply, failure);
  });
  // Only "100-continue" means anything; without a listener, Node answers others by itself, without a body.
  app.server.on("checkExpectation", (...exchange) => app.server.emit("request", ...exchange));
  app.setNotFoundHandler((request, reply) => answerFailure(request, reply, new ChatError("not_found")));
  app.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
    if (isShuttingDown(app)) reply.header("connection", "close");
  });
  boundReceiving(app, options.bodyMs);
  app.decorateRequest("identity", null);
  app.removeContentTypeParser("text/plain");
  acceptEmptyBodies(app);
  await app.register(fastifyCors, {
    // Pages of any origin may call: tokens travel in headers, never in cookies.
    origin: true,
    methods: ["GET", "HEAD", "POST", "PUT", "DELETE"],
    exposedHeaders: ["retry-after", "x-request-id"],
    maxAge: 600,
  });
  // Fastify would parse the body first. After CORS, so that pages can read the answer.
  app.addHook("onRequest", async (request) => {
    if (request.raw.httpVersion === "1.1" && request.headers.host === undefined) throw new ChatError("invalid_request");
    if (request.is404) throw new ChatError("not_found");
  });
  return app;
}

/** The id from the edge if it is well-formed, else a new one. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : crypto.randomUUID();
}

/** A body of no bytes is none, whatever its content type: `fetch` with `body: ""` and `axios.post(url, null)` name one as well. */
function acceptEmptyBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, undefined);
    else parse(request, body as string, done);
  });
  app.addContentTypeParser("*", async (_request: FastifyRequest, payload: RequestPayload) => {
    for await (const _chunk of payload.iterator({ destroyOnReturn: false }))
      throw new ChatError("unsupported_media_type");
  });
}

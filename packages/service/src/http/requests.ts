// Instruments requests: durations by route, a log line each at debug level, and a scope with their ids.
import type { FastifyInstance } from "fastify";
import { parentsOf, type Scope, type Span, secondsBuckets, type Telemetry, within } from "../telemetry/index.js";

interface Followed {
  readonly scope: Scope;
  readonly span: Span | undefined;
}

declare module "fastify" {
  interface FastifyRequest {
    followed: Followed | null;
  }
}

/** The label of unknown paths: they are arbitrary, and a label must have few values. */
const unmatched = "unmatched";
/** Polled every few seconds by machines: not traced. */
const probes: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

/** Call before any other hook is added, so that nothing of a request is missed. */
export function instrumentRequests(app: FastifyInstance, telemetry: Telemetry | undefined): void {
  if (telemetry?.scopes.active) follow(app, telemetry);
  const seconds = telemetry?.metrics.histogram(
    "khui_http_request_duration_seconds",
    "From a request's headers to the end of its answer.",
    secondsBuckets,
    ["method", "route", "status"],
  );
  app.addHook("onResponse", (request, reply, done) => {
    const { method } = request;
    const route = request.routeOptions.url ?? unmatched;
    const { statusCode, elapsedTime } = reply;
    seconds?.observe({ method, route, status: `${Math.floor(statusCode / 100)}xx` }, elapsedTime / 1000);
    request.log.debug({ method, route, status: statusCode, ms: Math.round(elapsedTime * 10) / 10 }, "request");
    done();
  });
}

function follow(app: FastifyInstance, { scopes, tracer }: Telemetry): void {
  app.decorateRequest("followed", null);
  app.addHook("onRequest", (request, _reply, done) => {
    const { method, headers } = request;
    const route = request.routeOptions.url ?? unmatched;
    const scope = { requestIds: [request.id], parents: parentsOf(headers.traceparent) };
    const attributes = { "http.request.method": method, "http.route": route };
    const options = { name: `${method} ${route}`, kind: "server", parents: scope.parents, attributes } as const;
    const span = probes.has(route) ? undefined : tracer?.start(options);
    request.followed = { scope: within(scope, span), span };
    scopes.run(request.followed.scope, done);
  });
  // The end of the body is emitted by the connection, outside of the request's scope.
  app.addHook("preValidation", (request, _reply, done) => scopes.run(request.followed?.scope, done));
  app.addHook("onResponse", (request, reply, done) => {
    const { statusCode } = reply;
    request.followed?.span?.set({ "http.response.status_code": statusCode });
    request.followed?.span?.end(statusCode >= 500 ? String(statusCode) : undefined);
    done();
  });
}

// The tracer on OpenTelemetry's SDK: sends spans in batches to an OTLP/HTTP endpoint. Loaded only when tracing is enabled.

import {
  DiagLogLevel,
  diag,
  type Link,
  type Attributes as OtelAttributes,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import pTimeout from "p-timeout";
import type { Logger } from "../process/index.js";
import type { Tracer } from "./spans.js";

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT };
/** An unreachable endpoint must not delay the shutdown. */
const closeMs = 3_000;

/** The endpoint, its headers, sampling and batching are read from the environment by the SDK. */
export function startTracer(service: string, log: Pick<Logger, "warn">): Tracer {
  const report = (message: string) => log.warn({ tracing: message.slice(0, 500) }, "tracing");
  const quiet = () => undefined;
  diag.setLogger({ error: report, warn: report, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.WARN);
  const resource = defaultResource()
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ "service.name": service }));
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const tracer = provider.getTracer("khui");
  return {
    start({ name, kind, parents, attributes = {} }) {
      const [parent, ...others] = parents.map(contextOf);
      const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
      const links: Link[] = others.map((other) => ({ context: other }));
      const span = tracer.startSpan(
        name,
        { kind: kinds[kind], attributes: attributes as OtelAttributes, links },
        context,
      );
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
        set: (more) => void span.setAttributes(more as OtelAttributes),
        end(failure) {
          if (failure !== undefined) {
            span.setStatus({ code: SpanStatusCode.ERROR });
            span.setAttribute("error.type", typeOf(failure));
          }
          span.end();
        },
      };
    },
    async close() {
      const sent = provider.shutdown().catch((error: unknown) => report(String(error)));
      await pTimeout(sent, { milliseconds: closeMs, message: false });
    },
  };
}

/** Parses a traceparent that is known to be well-formed. */
function contextOf(traceparent: string): SpanContext {
  const [, traceId = "", spanId = "", flags = "00"] = traceparent.split("-");
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
}

function typeOf(failure: unknown): string {
  if (!(failure instanceof Error)) return "Error";
  const code: unknown = Reflect.get(failure, "code");
  return typeof code === "string" ? code : failure.name;
}

// Tracing is off, and its libraries are not loaded, unless OpenTelemetry's own variables enable it.
import { createRequire } from "node:module";
import { EnvironmentError } from "@khui/service/process";
import { test } from "tap";
import { openTelemetry } from "../../src/telemetry/index.js";
import { tracingWanted } from "../../src/telemetry/tracing-environment.js";

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };

test("an endpoint or an exporter enables tracing; OTEL_SDK_DISABLED overrides both", (t) => {
  t.equal(tracingWanted({}), false);
  t.equal(tracingWanted({ OTEL_EXPORTER_OTLP_ENDPOINT: "", OTEL_TRACES_EXPORTER: "" }), false);
  t.equal(tracingWanted(endpoint), true);
  t.equal(tracingWanted({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4318/v1/traces" }), true);
  t.equal(tracingWanted({ OTEL_TRACES_EXPORTER: "otlp" }), true);
  t.equal(tracingWanted({ ...endpoint, OTEL_TRACES_EXPORTER: "none" }), false);
  t.equal(tracingWanted({ ...endpoint, OTEL_SDK_DISABLED: "TRUE" }), false);
  t.equal(tracingWanted({ ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" }), true);
  t.end();
});

test("an unknown exporter or protocol is reported with all other issues", (t) => {
  const environment = { ...endpoint, OTEL_TRACES_EXPORTER: "zipkin", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
  try {
    tracingWanted(environment);
    t.fail("must throw");
  } catch (error) {
    t.ok(error instanceof EnvironmentError);
    t.equal((error as EnvironmentError).issues.length, 2);
  }
  t.end();
});

test("the SDK is loaded only when tracing is enabled, and scopes are active only then or at debug", async (t) => {
  const loaded = () =>
    Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("sdk-trace-base"));
  const off = await openTelemetry({ service: "x", level: "silent", environment: {} });
  t.equal(off.tracer, undefined);
  t.equal(off.scopes.active, false);
  t.equal(loaded(), false);
  const debugging = await openTelemetry({ service: "x", level: "debug", environment: {} });
  t.equal(debugging.scopes.active, true);
  t.equal(loaded(), false);

  const on = await openTelemetry({ service: "x", level: "silent", environment: endpoint });
  t.teardown(() => on.close());
  t.equal(on.scopes.active, true);
  t.equal(loaded(), true);
  const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const span = on.tracer?.start({ name: "one", kind: "server", parents: [parent] });
  t.match(span?.traceparent, /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
  t.not(span?.traceparent, parent);
});

// Requests are timed by route, and their id is known wherever they are processed.
import { createLocalLimits } from "@khui/limits/local";
import { instrumentLimits } from "@khui/service/telemetry";
import { recordedTelemetry } from "@khui/test-kit/recorded-telemetry";
import { test } from "tap";
import { createApp, mountMetrics } from "../../src/http/index.js";

test("durations are recorded by route pattern, method and status class; unknown paths share one label", async (t) => {
  const telemetry = recordedTelemetry();
  const app = await createApp({ log: telemetry.log, telemetry });
  t.teardown(() => app.close());
  app.get("/things/:id", async () => "x");
  mountMetrics(app, telemetry.metrics);
  for (const url of ["/things/1", "/things/2", "/nowhere/1", "/nowhere/2"]) await app.inject(url);
  const { body, headers } = await app.inject("/metrics");
  t.match(headers["content-type"], /^text\/plain/);
  const count = (labels: string) =>
    Number(body.match(`khui_http_request_duration_seconds_count\\{service="test",${labels}\\} (\\d+)`)?.[1]);
  t.equal(count('method="GET",route="/things/:id",status="2xx"'), 2);
  t.equal(count('method="GET",route="unmatched",status="4xx"'), 2);
  t.notMatch(body, /nowhere/);
});

test("before and after its body has come, a request's work carries its id and its span", async (t) => {
  const telemetry = recordedTelemetry();
  const app = await createApp({ log: telemetry.log, telemetry });
  t.teardown(() => app.close());
  app.addHook("onRequest", async () => telemetry.log.info("before"));
  app.post("/things/:id", { bodyLimit: 256 * 1024 }, async () => {
    telemetry.log.info("in it");
    return telemetry.scopes.current();
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const ask = async (id: string) => {
    const response = await fetch(`${url}/things/1`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-request-id": id, traceparent: parent },
      body: JSON.stringify({ x: "y".repeat(100_000) }),
    });
    return (await response.json()) as { requestIds: string[]; parents: string[] };
  };
  const answers = await Promise.all(["one", "two", "three"].map(ask));
  t.same(
    answers.map(({ requestIds }) => requestIds),
    [["one"], ["two"], ["three"]],
  );
  for (const message of ["before", "in it", "request"]) {
    const ids = telemetry.lines().flatMap(({ msg, requestId }) => (msg === message ? [requestId] : []));
    t.same(ids.sort(), ["one", "three", "two"], message);
  }
  for (const { parents } of answers) {
    const span = telemetry.spans.find(({ traceparent }) => traceparent === parents[0]);
    t.match(span, { name: "POST /things/:id", kind: "server", parents: [parent] });
  }
});

test("refusals by limits are counted by rule", async (t) => {
  const telemetry = recordedTelemetry();
  const limits = instrumentLimits(telemetry, createLocalLimits());
  t.teardown(() => limits.close());
  const rule = { name: "user", points: 1, perSeconds: 60 };
  for (let i = 0; i < 3; i++) await limits.take(rule, "a");
  t.match(await telemetry.metrics.text(), 'khui_rate_limit_refusals_total{rule="user",service="test"} 2');
});

// Values are read at the scrape, and each metric is registered once with its service.
import { test } from "tap";
import { createMetrics } from "../../src/telemetry/index.js";

test("gauges and totals are read at each scrape, by label where there are several values", async (t) => {
  const metrics = createMetrics("a-service");
  const sockets = { polling: 1, websocket: 2 };
  let sum = 5;
  metrics.gauge("khui_sockets", "Sockets.", () => sockets, "transport");
  metrics.total("khui_sum_total", "A sum.", () => sum);
  t.match(await metrics.text(), 'khui_sockets{transport="websocket",service="a-service"} 2');
  sockets.websocket = 0;
  sum = 7;
  const text = await metrics.text();
  t.match(text, 'khui_sockets{transport="websocket",service="a-service"} 0');
  t.match(text, 'khui_sum_total{service="a-service"} 7');
  t.match(text, "# TYPE khui_sum_total counter");
});

test("registering a metric twice throws", (t) => {
  const metrics = createMetrics("a-service");
  metrics.gauge("khui_thing", "A thing.", () => 1);
  t.throws(() => metrics.gauge("khui_thing", "A thing.", () => 2), /already been registered/);
  t.end();
});

test("memory, CPU and event-loop delay are included on request", async (t) => {
  const metrics = createMetrics("a-service", { process: true });
  const text = await metrics.text();
  for (const name of ["process_resident_memory_bytes", "process_cpu_seconds_total", "nodejs_eventloop_lag_p99_seconds"])
    t.match(text, `${name}{service="a-service"}`);
});

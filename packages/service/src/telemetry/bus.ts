// Instruments a bus: its connection, dropped messages and requests; and propagates request ids and traces across it.
import {
  type Bus,
  BusClosed,
  type BusMessage,
  ConnectionLost,
  NoResponders,
  RemoteError,
  RequestTimeout,
} from "@khui/bus";
import { secondsBuckets } from "./metrics.js";
import { parentsOf, traced } from "./spans.js";
import type { Telemetry } from "./telemetry.js";

const idHeader = "x-request-id";
const traceHeader = "traceparent";
/** The number of request ids sent for a batch: enough to find it, without a header of kilobytes. */
const maxIds = 16;

/** The same bus, instrumented. Call once per process: its metrics describe the process's one connection. */
export function instrumentBus(telemetry: Telemetry, bus: Bus): Bus {
  const { metrics, scopes } = telemetry;
  const count = countRequests(telemetry);
  let reconnects = 0;
  bus.onReconnect(() => {
    reconnects++;
  });
  metrics.gauge("khui_bus_connected", "1 while connected to the bus.", () => (bus.connected ? 1 : 0));
  metrics.total("khui_bus_reconnects_total", "Times that a lost connection came back.", () => reconnects);
  metrics.total(
    "khui_bus_dropped_messages_total",
    "Messages given up: received and not taken, or not taken by the server.",
    () => ({ received: bus.dropped.received, sent: bus.dropped.sent }),
    "direction",
  );

  const request: Bus["request"] = async (subject, data, options) => {
    const scope = scopes.current();
    if (!scope) return count(subject, bus.request(subject, data, options));
    return traced(telemetry, scope, { name: rpcOf(subject), kind: "client", attributes: ofBus }, () => {
      const headers = { ...options.headers, ...headersOf(scopes.current() ?? scope) };
      return count(subject, bus.request(subject, data, { ...options, headers }));
    });
  };

  const serve: Bus["serve"] = (subject, handler, options) => {
    if (!scopes.active) return bus.serve(subject, handler, options);
    const span = { name: rpcOf(subject), kind: "server", attributes: ofBus } as const;
    const handle = (message: BusMessage) => traced(telemetry, scopeOf(message.headers), span, () => handler(message));
    return bus.serve(subject, handle, options);
  };

  // Object.create keeps getters such as `connected` live.
  return Object.create(bus, { request: { value: request }, serve: { value: serve } }) as Bus;
}

const ofBus = { "rpc.system": "khui" };

/** The name of an RPC; all other requests are polls that one gateway relays to another. */
const rpcOf = (subject: string): string => /^khui\.rpc\.(.+)$/.exec(subject)?.[1] ?? "relay";

function headersOf({ requestIds, parents }: { requestIds: readonly string[]; parents: readonly string[] }) {
  return {
    ...(requestIds.length === 0 ? {} : { [idHeader]: requestIds.slice(0, maxIds).join(",") }),
    ...(parents[0] === undefined ? {} : { [traceHeader]: parents[0] }),
  };
}

function scopeOf(headers: Readonly<Record<string, string>>) {
  const ids = headers[idHeader];
  return { requestIds: ids ? ids.split(",") : [], parents: parentsOf(headers[traceHeader]) };
}

/** Returns a function that counts and times a request in flight, and passes on its outcome. */
function countRequests({ metrics }: Telemetry) {
  const seconds = metrics.histogram(
    "khui_bus_request_duration_seconds",
    "From a request to its answer.",
    secondsBuckets,
    ["rpc"],
  );
  const failures = metrics.counter(
    "khui_bus_request_failures_total",
    "Requests that got no answer, by why. A refusal is an answer.",
    ["rpc", "reason"],
  );
  return async (subject: string, pending: Promise<BusMessage>): Promise<BusMessage> => {
    const rpc = rpcOf(subject);
    const began = performance.now();
    try {
      const answer = await pending;
      seconds.observe({ rpc }, (performance.now() - began) / 1000);
      return answer;
    } catch (error) {
      failures.inc({ rpc, reason: reasonOf(error) });
      throw error;
    }
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof RequestTimeout) return "timeout";
  if (error instanceof NoResponders) return "no_responders";
  if (error instanceof ConnectionLost) return "connection_lost";
  if (error instanceof RemoteError) return error.reason;
  return error instanceof BusClosed ? "closed" : "other";
}

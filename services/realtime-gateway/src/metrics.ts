// What Prometheus is told of a gateway: all of it read at the scrape.

import type { Metrics } from "@khui/service/telemetry";
import type { Engine, EngineStats } from "@khui/socketio";
import type { Gateway } from "./gateway.js";

/** One scrape reads several values of the same look at all sockets. */
const freshMs = 200;

export function watchGateway(metrics: Metrics, engine: Pick<Engine, "stats">, gateway: Pick<Gateway, "stats">): void {
  let seen: EngineStats | undefined;
  let seenAt = Number.NEGATIVE_INFINITY;
  const sockets = (): EngineStats => {
    if (seen && performance.now() - seenAt < freshMs) return seen;
    seenAt = performance.now();
    seen = engine.stats();
    return seen;
  };
  const { gauge, total } = metrics;

  gauge("khui_gateway_sockets", "Open sockets.", () => ({ ...sockets().sockets }), "transport");
  gauge("khui_gateway_sessions", "Engine.IO sessions, connected or not.", () => sockets().sessions);
  gauge("khui_gateway_handshaking", "Sessions that have not connected yet.", () => sockets().handshaking);
  gauge("khui_gateway_buffered_bytes", "Bytes not yet taken by the kernel or a poll.", () => sockets().bufferedBytes);
  total("khui_gateway_refused_handshakes_total", "Handshakes answered 503.", () => sockets().refusedHandshakes);
  total(
    "khui_gateway_writes_total",
    "Writes to connections, each with all frames due in a turn.",
    () => sockets().writes,
  );

  gauge("khui_gateway_rooms", "Rooms that some socket has joined.", () => gateway.stats().rooms);
  gauge("khui_gateway_watched_rooms", "Rooms only watched, for room lists.", () => gateway.stats().watchedRooms);
  total("khui_gateway_entries_total", "Log entries that went to sockets.", () => gateway.stats().entries);
  total("khui_gateway_deliveries_total", "Frames of log entries given to sockets.", () => gateway.stats().entryFrames);
  total("khui_gateway_live_events_total", "Events of typing, presence and receipts.", () => gateway.stats().live);
  total("khui_gateway_repaired_entries_total", "Log entries that had to be asked for.", () => gateway.stats().repaired);
  total("khui_gateway_resumes_total", "Joins that said how far they had got.", () => gateway.stats().resumes);
  total("khui_gateway_resyncs_total", "Sockets told to fetch a room anew.", () => gateway.stats().resyncs);
  total("khui_gateway_closed_sockets_total", "Sockets that closed, by why.", () => gateway.stats().closes, "reason");
}

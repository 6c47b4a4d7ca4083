// What a gateway has done since its start, and how Prometheus reads it.
import type { Metrics } from "@khui/service/telemetry";
import type { Engine, EngineStats } from "@khui/socketio";

/** Counters, incremented once an event and read at a scrape. */
export interface GatewayMetrics {
  /** Log entries that went to at least one client. */
  entries: number;
  /** Frames of log entries given to clients. */
  entryFrames: number;
  /** Live events (typing, presence, receipts) that went to a room. */
  live: number;
  /** Log entries that the bus lost and that were read from the log. */
  repaired: number;
  /** Joins with a `lastSeq`. */
  resumes: number;
  /** Times that a client was sent resync_required. */
  resyncs: number;
  /** Clients that closed, by reason. */
  readonly closes: Record<string, number>;
}

/** The counters, and what there is at the moment. */
export interface GatewayStats extends Readonly<GatewayMetrics> {
  readonly clients: number;
  /** Bytes of events that wait to be handled; counted when it is read. */
  readonly waitingBytes: number;
  /** Rooms that some client has joined. */
  readonly rooms: number;
  /** Rooms subscribed for room lists alone. */
  readonly roomListRooms: number;
}

/** Reasons that an alert may wait for are there from the start, with 0. */
export const createGatewayMetrics = (): GatewayMetrics => ({
  entries: 0,
  entryFrames: 0,
  live: 0,
  repaired: 0,
  resumes: 0,
  resyncs: 0,
  closes: { "slow consumer": 0, "ping timeout": 0 },
});

/** One scrape reads several values, which are counted over all sockets once. */
const statsTtlMs = 200;

/** Registers everything that is measured of an engine and its gateway. All of it is read at the scrape. */
export function instrumentGateway(
  metrics: Metrics,
  engine: Pick<Engine, "stats">,
  gateway: { stats(): GatewayStats },
): void {
  let stats: EngineStats | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  const sockets = (): EngineStats => {
    if (stats && performance.now() - readAt < statsTtlMs) return stats;
    readAt = performance.now();
    stats = engine.stats();
    return stats;
  };
  const { gauge, total } = metrics;

  gauge("khui_gateway_sockets", "Open sockets.", () => ({ ...sockets().sockets }), "transport");
  gauge("khui_gateway_sessions", "Engine.IO sessions, connected or not.", () => sockets().sessions);
  gauge("khui_gateway_handshaking", "Sessions that have not connected yet.", () => sockets().handshaking);
  gauge("khui_gateway_buffered_bytes", "Bytes not yet taken by the kernel or a poll.", () => sockets().bufferedBytes);
  gauge("khui_gateway_waiting_bytes", "Bytes of events that wait to be handled.", () => gateway.stats().waitingBytes);
  total("khui_gateway_refused_handshakes_total", "Handshakes answered 503.", () => sockets().refusedHandshakes);
  total("khui_gateway_takeovers_total", "Sessions taken over from other gateways.", () => sockets().takenOver);
  total(
    "khui_gateway_writes_total",
    "Writes to connections, each with all frames due in a turn.",
    () => sockets().writes,
  );

  gauge("khui_gateway_rooms", "Rooms that some socket has joined.", () => gateway.stats().rooms);
  gauge("khui_gateway_watched_rooms", "Rooms subscribed for room lists alone.", () => gateway.stats().roomListRooms);
  total("khui_gateway_entries_total", "Log entries that went to sockets.", () => gateway.stats().entries);
  total("khui_gateway_deliveries_total", "Frames of log entries given to sockets.", () => gateway.stats().entryFrames);
  total("khui_gateway_live_events_total", "Events of typing, presence and receipts.", () => gateway.stats().live);
  total("khui_gateway_repaired_entries_total", "Log entries that the bus lost.", () => gateway.stats().repaired);
  total("khui_gateway_resumes_total", "Joins with a lastSeq.", () => gateway.stats().resumes);
  total("khui_gateway_resyncs_total", "Sockets that were sent resync_required.", () => gateway.stats().resyncs);
  total("khui_gateway_closed_sockets_total", "Sockets that closed, by reason.", () => gateway.stats().closes, "reason");
}

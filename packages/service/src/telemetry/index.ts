// Telemetry of a process: metrics, log lines with request ids, and traces.
export * from "./bus.js";
export * from "./database.js";
export * from "./limits.js";
export * from "./metrics.js";
export * from "./scopes.js";
export * from "./spans.js";
export * from "./telemetry.js";

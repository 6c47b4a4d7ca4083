// What a process tells of itself: metrics, log lines that carry request ids, and traces.
export * from "./bus.js";
export * from "./database.js";
export * from "./limits.js";
export * from "./metrics.js";
export * from "./scopes.js";
export * from "./spans.js";
export * from "./telemetry.js";

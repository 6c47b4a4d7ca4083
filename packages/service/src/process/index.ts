// What every process needs: environment, logger, closers, and the frame that runs it.
export * from "./closers.js";
export * from "./environment.js";
export * from "./fair-semaphore.js";
export * from "./logger.js";
export * from "./periodic.js";
export * from "./resource-limits.js";
export * from "./run.js";
export * from "./stalled.js";
export * from "./worker-pool.js";

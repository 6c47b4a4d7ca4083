// The base of every service's HTTP side.
export * from "./app.js";
export * from "./blob.js";
export * from "./client-address.js";
export * from "./content.js";
export * from "./environment.js";
export * from "./failures.js";
export { gracefulShutdown } from "./graceful-shutdown.js";
export * from "./health.js";
export type { Identity } from "./identity.js";
export * from "./local.js";
export * from "./metrics.js";
export * from "./mount.js";
export * from "./multipart.js";
export * from "./pagination.js";
export * from "./tokens.js";
export * from "./validation.js";

// Real systems for tests.
export * from "./embedded.js";
export * from "./service-process.js";
export * from "./system.js";

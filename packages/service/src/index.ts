// The chassis of every service: `defineService` defines a service, `runService` is the whole of its main.ts.
export * from "./define.js";
export * from "./failures.js";
export * from "./lanes.js";
export { createPacer, type Pacer, type PacerOptions } from "./pacer.js";
export { instrumentPorts } from "./ports.js";
export * from "./rpc.js";
export * from "./run.js";
export * from "./send-message.js";
export * from "./start.js";

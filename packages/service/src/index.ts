// What every service stands on: `defineService` says what a service is, `runService` is the whole of its main.ts.
export * from "./define.js";
export * from "./failures.js";
export { instrumentPorts } from "./ports.js";
export * from "./rpc.js";
export * from "./run.js";
export * from "./send-message.js";
export * from "./start.js";

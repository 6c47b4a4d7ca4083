// What every service stands on.
export * from "./failures.js";
export * from "./rpc.js";

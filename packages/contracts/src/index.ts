// Everything that crosses a boundary of Khui: routes, events, RPC, errors, close codes, subjects.
export * from "./checker.js";
export * from "./close-codes.js";
export * from "./errors.js";
export * from "./events.js";
export * from "./media.js";
export * from "./messages.js";
export * from "./messages-rpc.js";
export * from "./notices.js";
export * from "./rooms.js";
export * from "./rooms-rpc.js";
export * from "./routes.js";
export * from "./rpc.js";
export * from "./scalars.js";
export * from "./stickers.js";
export * from "./subjects.js";
export * from "./users.js";
export * from "./wire.js";

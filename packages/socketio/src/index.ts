// A Socket.IO v5 / Engine.IO v4 server built for fan-out. It knows nothing of what its hosts say over it.
export { createEngine, type Engine, type EngineStats } from "./engine.js";
export { encodeEvent, type Frame } from "./event-frame.js";
export type { EngineOptions, RelayedAnswer, RelayedRequest } from "./options.js";
export { badFramesCode, maxBadFrames } from "./plain-socket.js";
export type { Ack, CloseHandler, EventHandler, Handshake, Socket } from "./socket.js";

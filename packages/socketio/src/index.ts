// A Socket.IO v5 / Engine.IO v4 server built for fan-out. It does not know what its hosts send over it.
export { createEngine, type Engine, type EngineStats } from "./engine.js";
export { type EncodedEvent, encodeEvent } from "./host/encoded-event.js";
export type { Ack, CloseHandler, EventHandler, Handshake, Socket } from "./host/socket.js";
export type { EngineOptions } from "./options.js";
export { badFramesCode, maxBadFrames } from "./plain/plain-socket.js";
export type { RelayedAnswer, RelayedRequest } from "./relay/relayed-request.js";
export { ConnectRefused } from "./socketio/connect-refused.js";
export type { ExpectedSocket, HandoverHost } from "./takeover/handover-host.js";
export type { MovedSession, TakeoverAnswer, TakeoverRequest } from "./takeover/takeover-request.js";

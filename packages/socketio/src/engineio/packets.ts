// The Engine.IO packets without a payload, encoded once.
import { textFrame } from "../connection/websocket-frames.js";

export const closePacket = textFrame("1");
export const pingPacket = textFrame("2");
export const noopPacket = textFrame("6");
/** The pong that answers a WebSocket's probe. */
export const probePong = textFrame("3probe");

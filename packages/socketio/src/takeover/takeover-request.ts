// What travels between two engines when an upgrade reaches one and its session belongs to the other.
import type { IncomingHttpHeaders } from "node:http";

/**
 * The engine that received the upgrade asks the session's owner to `reserve` the session, then to hand it over (`take`), or to go on
 * with it (`release`). `token` names one attempt: the others' requests have no effect on it.
 */
export interface TakeoverRequest {
  step: "reserve" | "take" | "release";
  sid: string;
  token: string;
}

/** The owner's answer: why it refuses, or what was asked for. A `release` is answered with nothing. */
export interface TakeoverAnswer {
  refused?: string;
  reserved?: { connected: boolean; offer?: unknown };
  taken?: MovedSession;
}

/** All of a session that its next engine needs. Everything in it has a JSON form. */
export interface MovedSession {
  /** WebSocket frames that the client has not been sent, joined, in base64. */
  frames: string;
  /** Messages of the client that nobody has handled: text, or bytes in base64. */
  held: ({ text: string } | { binary: string })[];
  /** The host has closed the session: the client gets the frames and then this. Nothing else is set. */
  ended?: { code: number; reason: string };
  /** From now to the next ping. */
  nextPingMs: number;
  trusted: boolean;
  socketId: string;
  /** How long the client's CONNECT may still take, and its handshake; neither once it has come. */
  connectMs?: number;
  handshake?: { query: Record<string, string>; headers: IncomingHttpHeaders; address: string };
  /** What the host gave along. */
  state?: unknown;
}

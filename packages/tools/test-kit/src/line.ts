// What a connection to the gateways is to whoever uses it, whichever protocol it speaks: it comes back by itself.
import type { Acknowledgement } from "@khui/contracts";

export type LineKind = "polling" | "default" | "websocket" | "plain";

export const answerTimeoutMs = 10_000;
/** Before a lost connection is tried for again. */
export const reconnectMs = { least: 100, most: 500 };

export interface LineEvents {
  /** Connected, at first or again; nobody is signed in yet. */
  onOpen(): void;
  onEvent(event: string, args: readonly unknown[]): void;
}

export interface Line {
  /** Names the present connection; undefined while there is none. */
  readonly connection: string | undefined;
  /** The run of the gateway that holds it, as Socket.IO's session ids begin; undefined for a plain WebSocket. */
  readonly gateway: string | undefined;
  /** Rejects when there is no connection, when it is lost before the answer, and after 10 s. */
  ask(event: string, payload?: unknown): Promise<Acknowledgement>;
  /** Connects, and keeps connecting until it is closed. */
  open(): void;
  /** Ends the connection; `open` begins another one. */
  close(): void;
}

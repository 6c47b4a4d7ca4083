// A reconnecting connection to the gateways, whichever protocol it uses.
import type { Acknowledgement } from "@khui/contracts";

export type LineKind = "polling" | "default" | "websocket" | "plain";

export const answerTimeoutMs = 10_000;
/** The pause before a reconnect. */
export const reconnectMs = { least: 100, most: 500 };

export interface LineEvents {
  /** Connected or reconnected; not authenticated yet. */
  onOpen(): void;
  onEvent(event: string, args: readonly unknown[]): void;
}

export interface Line {
  /** Identifies the present connection; undefined while there is none. */
  readonly connection: string | undefined;
  /** The instance of the gateway that opened it, with which Socket.IO's session ids begin; undefined for a plain WebSocket. */
  readonly gateway: string | undefined;
  /** Rejects when there is no connection, when it is lost before the answer, and after 10 s. */
  ask(event: string, payload?: unknown): Promise<Acknowledgement>;
  /** Connects, and keeps connecting until it is closed. */
  open(): void;
  /** Ends the connection; `open` begins another one. */
  close(): void;
}

// A room's log and a connected client, both faked.
import type { LogEntry } from "@khui/contracts";
import type { EncodedEvent, Socket } from "@khui/socketio";
import { Client } from "../src/connections/client.js";

/** Entry `seq`; `left` names a user whom it takes out of the room. */
export function entry(seq: number, left?: string): LogEntry {
  const event = left === undefined ? "new_message" : "user_left_chat";
  return { seq, event, body: JSON.stringify({ text: `entry ${seq}` }), ...(left === undefined ? {} : { left }) };
}

export const entries = (from: number, to: number): LogEntry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => entry(from + i));

/** Events of a feed, where a test does not look at them. */
export const ignored = {
  onSubscribed: () => {},
  onUnsubscribed: () => {},
  onMembership: () => {},
  onDelivered: () => {},
  onSent: () => {},
  onLeft: () => {},
  onLost: () => {},
  onRepaired: () => {},
  onUnused: () => {},
};

export interface Listener {
  readonly client: Client;
  /** Everything sent to this socket: numbers of log entries, names of other events. */
  readonly received: Array<number | string>;
}

/** An authenticated client whose socket keeps what it is sent. */
export function listener(userId: string): Listener {
  const received: Array<number | string> = [];
  const socket = {
    bufferedBytes: 0,
    emit: (event: string) => received.push(event),
    send: (frame: EncodedEvent) => received.push(numberIn(frame)),
  } as unknown as Socket;
  const client = new Client(socket, { language: "th", address: "127.0.0.1" }, 0, 1);
  client.identity = { userId, name: undefined, avatar: undefined, admin: false, issuedAt: null, expiresAt: null };
  return { client, received };
}

/** How a frame is encoded is up to the engine; its text carries the entry's number. */
function numberIn(frame: EncodedEvent): number {
  const { packet } = frame as EncodedEvent & { packet: Buffer };
  const seq = /"seq":(\d+)/.exec(packet.toString())?.[1];
  if (seq === undefined) throw new Error(`a frame without a number: ${packet}`);
  return Number(seq);
}

/** Resolves when the condition holds; rejects after thirty seconds, naming what was waited for. */

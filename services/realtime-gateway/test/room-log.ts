// A room's log and a listening socket, both faked.
import type { LogEntry } from "@khui/contracts";
import type { EncodedEvent, Socket } from "@khui/socketio";
import { Session } from "../src/session.js";

/** Entry `seq`; `left` names a user whom it takes out of the room. */
export function entry(seq: number, left?: string): LogEntry {
  const event = left === undefined ? "new_message" : "user_left_chat";
  return { seq, event, body: JSON.stringify({ text: `entry ${seq}` }), ...(left === undefined ? {} : { left }) };
}

export const entries = (from: number, to: number): LogEntry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => entry(from + i));

/** What feeds tell of, where a test does not look. */
export const unheard = {
  onAdmitted: () => {},
  onDismissed: () => {},
  onMembership: () => {},
  onDelivered: () => {},
  onLeft: () => {},
  onLost: () => {},
  onError: () => {},
  onRepaired: () => {},
};

export interface Listener {
  readonly session: Session;
  /** Everything sent to this socket: numbers of log entries, names of other events. */
  readonly received: Array<number | string>;
}

/** A signed-in session whose socket keeps what it is sent. */
export function listener(userId: string): Listener {
  const received: Array<number | string> = [];
  const socket = {
    bufferedBytes: 0,
    emit: (event: string) => received.push(event),
    send: (frame: EncodedEvent) => received.push(numberIn(frame)),
  } as unknown as Socket;
  const session = new Session(socket, { language: "th", address: "127.0.0.1" }, 0, 1);
  session.identity = { userId, name: undefined, avatar: undefined, admin: false, expiresAt: null };
  return { session, received };
}

/** The frame's own encoding is the engine's affair; its text carries the entry's number. */
function numberIn(frame: EncodedEvent): number {
  const { packet } = frame as EncodedEvent & { packet: Buffer };
  const seq = /"seq":(\d+)/.exec(packet.toString())?.[1];
  if (seq === undefined) throw new Error(`a frame without a number: ${packet}`);
  return Number(seq);
}

/** Resolves when the condition holds; rejects after thirty seconds, naming what was waited for. */

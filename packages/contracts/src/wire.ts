// Messages on room and user subjects: a header line that gateways parse, and a body that they forward unparsed.

/** Header of a log entry. Body: the JSON of the event without `chatRoomId` and `seq`, which are put in front of it. */
export interface EntryHeader {
  readonly seq: number;
  readonly event: string;
  /** The number of active participants after this entry, on entries that change it. */
  readonly members?: number;
  /** The user who is removed from the room when this entry is delivered. */
  readonly left?: string;
  /** On new messages: who has sent it, and so does not type it any more. Replicas of the release before do not say. */
  readonly by?: string;
}

export interface LogEntry extends EntryHeader {
  readonly body: string;
}

/** Header of a live message. Body: the whole JSON of the event. */
export interface LiveHeader {
  readonly event: string;
  /** Not for this user's own sockets. */
  readonly except?: string;
  /** For this user's own sockets in the room, and nobody else's. Gateways of the release before send it to all in the room. */
  readonly only?: string;
  /** The id of a change that is published in several rooms; a socket receives each id once. */
  readonly once?: string;
  /** For gateways only, on a user's subject: the user has joined this room, and watches it from now on. */
  readonly watch?: string;
  /** How new the states are that the event tells. Replicas of the release before do not say. */
  readonly states?: LiveStates;
}

/**
 * States of people, such as how far they have read, with numbers that grow: of two with the same kind of event, room and person, that
 * with the smaller number is the older one. Numbers of different epochs do not compare.
 */
export interface LiveStates {
  /** Of the store that the numbers come from, if it may lose them. */
  readonly epoch?: string;
  readonly of: ReadonlyArray<readonly [userId: string, at: number]>;
  /** Where the event has a list of them: its name, and how long the JSON of each is. The list is the event's last field. */
  readonly list?: { readonly name: string; readonly lengths: readonly number[] };
}

const newline = 0x0a;

/** `{header}\n{body}` in UTF-8. */
export function encodeWire(header: EntryHeader | LiveHeader, body: string): Uint8Array {
  return Buffer.from(`${JSON.stringify(header)}\n${body}`);
}

/** Splits a message without touching its body. Throws SyntaxError on anything else. */
export function decodeWire<Header extends EntryHeader | LiveHeader>(
  data: Uint8Array,
): { header: Header; body: string } {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const end = bytes.indexOf(newline);
  if (end < 0) throw new SyntaxError("no header line");
  return { header: JSON.parse(bytes.toString("utf8", 0, end)) as Header, body: bytes.toString("utf8", end + 1) };
}

/** The event as sent to sockets: room and number in front of the body's own fields. The body is a non-empty JSON object. */
export function entryBody(roomId: string, seq: number, body: string): string {
  return `{"chatRoomId":"${roomId}","seq":${seq},${body.slice(1)}`;
}

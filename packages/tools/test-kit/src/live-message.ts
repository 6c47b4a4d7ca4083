// The message that the live benches send, and how its number is found in a frame without parsing it.

/** Bytes of the Socket.IO packet that a socket receives, with a five-digit number. */
const packetBytes = 250;
const event = "new_message";
const beforeRoom = `42["${event}",{"chatRoomId":"`;
const roomIdBytes = 24;
const beforeSeq = '","seq":';
const seqAt = beforeRoom.length + roomIdBytes + beforeSeq.length;
const around = `${beforeRoom}${"0".repeat(roomIdBytes)}${beforeSeq}00000,"message":""}]`;

/** Pads the packet. */
const text = "the quick brown fox jumps over the lazy dog ".repeat(9).slice(0, packetBytes - around.length);

/** The body of a log entry: the event without room and number, which the gateway puts in front. */
export const entryBody = `{"message":"${text}"}`;

export const messageEvent = event;

/** The complete event, byte for byte as the gateway makes it from the entry. */
export function messageBody(roomId: string, seq: number): object {
  return { chatRoomId: roomId, seq, message: text };
}

const comma = 0x2c;
const zero = 0x30;
/** The event's first letter, which distinguishes it from all other events that servers send here. */
const firstLetter = event.charCodeAt(0);

/** The number in a text frame's payload `data[start, end)`, or undefined when it is no such message. */
export function numberIn(data: Uint8Array, start: number, end: number): number | undefined {
  if (end - start <= seqAt || data[start + 4] !== firstLetter) return undefined;
  let number = 0;
  for (let at = start + seqAt; at < end; at++) {
    const byte = data[at]!;
    if (byte === comma) return number;
    number = number * 10 + byte - zero;
  }
  return undefined;
}

// Server-side WebSocket frames (RFC 6455 section 5.2: unmasked, never fragmented), and the same packets as a polling body.

const finalText = 0x81;
const finalBinary = 0x82;
/** Separates the packets of one polling body (Engine.IO v4). */
const separator = Buffer.from([0x1e]);

/** Frame bytes of one text message made of `parts`, which are concatenated as UTF-8 and never looked into. */
export function textFrame(...parts: (string | Uint8Array)[]): Buffer {
  let length = 0;
  for (const part of parts) length += typeof part === "string" ? Buffer.byteLength(part) : part.byteLength;
  const frame = headedFrame(finalText, length);
  let at = frame.length - length;
  for (const part of parts) {
    if (typeof part === "string") at += frame.write(part, at);
    else {
      frame.set(part, at);
      at += part.byteLength;
    }
  }
  return frame;
}

/** Frame bytes of one binary message. The bytes are copied: the caller may reuse them. */
export function binaryFrame(data: Uint8Array): Buffer {
  const frame = headedFrame(finalBinary, data.byteLength);
  frame.set(data, frame.length - data.byteLength);
  return frame;
}

function headedFrame(firstByte: number, length: number): Buffer {
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerLength + length);
  frame[0] = firstByte;
  if (headerLength === 2) frame[1] = length;
  else if (headerLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt16BE(0, 2);
    frame.writeUIntBE(length, 4, 6);
  }
  return frame;
}

/** The message inside a frame made here, as a view of the same bytes. */
export function payloadOf(frame: Buffer): Buffer {
  const length = frame[1];
  return frame.subarray(length === 127 ? 10 : length === 126 ? 4 : 2);
}

/** One polling body for `frames`: text packets as they are, binary ones as base64 after a "b". */
export function pollingBody(frames: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const frame of frames) {
    if (parts.length > 0) parts.push(separator);
    parts.push(frame[0] === finalBinary ? Buffer.from(`b${payloadOf(frame).toString("base64")}`) : payloadOf(frame));
  }
  return Buffer.concat(parts);
}

/** The Engine.IO packets that carry nothing, made once; `webSocketPing` is a control frame with no payload. */
export const closePacket = textFrame("1");
export const pingPacket = textFrame("2");
export const noopPacket = textFrame("6");
export const probeAnswer = textFrame("3probe");
export const webSocketPing = Buffer.from([0x89, 0x00]);

// Server-side WebSocket frames (RFC 6455 section 5.2): unmasked, never fragmented.

const finalText = 0x81;
const finalBinary = 0x82;

/** A text message as frame bytes. Its `parts` are concatenated as UTF-8, unparsed. */
export function textFrame(...parts: (string | Uint8Array)[]): Buffer {
  let length = 0;
  for (const part of parts) length += typeof part === "string" ? Buffer.byteLength(part) : part.byteLength;
  const frame = allocateFrame(finalText, length);
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

/** A binary message as frame bytes. `data` is copied: the caller may reuse it. */
export function binaryFrame(data: Uint8Array): Buffer {
  const frame = allocateFrame(finalBinary, data.byteLength);
  frame.set(data, frame.length - data.byteLength);
  return frame;
}

/** A frame with its header written and room for a payload of `length` bytes. */
function allocateFrame(firstByte: number, length: number): Buffer {
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

/** The payload of a frame made here, as a view of the same bytes. */
export function payloadOf(frame: Buffer): Buffer {
  const length = frame[1];
  return frame.subarray(length === 127 ? 10 : length === 126 ? 4 : 2);
}

/** Whether a frame made here holds a binary message. */
export function isBinaryFrame(frame: Buffer): boolean {
  return frame[0] === finalBinary;
}

/** A ping control frame without a payload. */
export const pingFrame = Buffer.from([0x89, 0x00]);

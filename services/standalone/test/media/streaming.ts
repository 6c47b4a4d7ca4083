// Uploads of any size that the test never holds in memory.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Message } from "@khui/contracts";

const pieceBytes = 64 * 1024;

/** Random bytes, the same piece over and over; the first byte is none that a known kind of file begins with. */
export function randomContent(bytes: number): () => Readable {
  const piece = randomBytes(pieceBytes);
  piece[0] = 0xf7;
  function* pieces() {
    for (let left = bytes; left > 0; left -= pieceBytes) yield piece.subarray(0, Math.min(left, pieceBytes));
  }
  return () => Readable.from(pieces(), { objectMode: false });
}

export const fileContent = (path: string) => () => createReadStream(path);

export interface StreamedUpload {
  readonly url: string;
  readonly token: string;
  readonly roomId: string;
  readonly type: string;
  readonly name: string;
  readonly content: () => Readable;
}

/** Sends the file, then its type. Returns the status, and the message if there is one. */
export async function sendStream(upload: StreamedUpload): Promise<{ status: number | undefined; message: Message }> {
  const boundary = `----${randomBytes(12).toString("hex")}`;
  const sending = request(`${upload.url}/api/v1/chat/rooms/${upload.roomId}/messages/media`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${upload.token}`,
      "content-type": `multipart/form-data; boundary=${boundary}`,
    },
  });
  const answered = once(sending, "response") as Promise<[IncomingMessage]>;
  async function* form() {
    yield Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${upload.name}"\r\ncontent-type: application/octet-stream\r\n\r\n`,
    );
    yield* upload.content();
    yield Buffer.from(
      `\r\n--${boundary}\r\ncontent-disposition: form-data; name="type"\r\n\r\n${upload.type}\r\n--${boundary}--\r\n`,
    );
  }
  const [[response]] = await Promise.all([answered, pipeline(form(), sending)]);
  const { data } = JSON.parse(Buffer.concat(await response.toArray()).toString());
  return { status: response.statusCode, message: data };
}

/** The bytes that an address leads to, counted and dropped. */
export async function servedBytes(address: string): Promise<number> {
  const response = await fetch(address);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += chunk.length;
  return bytes;
}

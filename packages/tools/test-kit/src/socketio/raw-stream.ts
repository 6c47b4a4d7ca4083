// WebSocket frames written byte by byte on a TCP connection, and the code with which the server closes.
import { once } from "node:events";
import { createConnection, type Socket as Stream } from "node:net";
import type { Test } from "./rig.js";

/** A connection on which `text` was written; cut when the test ends. */
export async function openStream(t: Test, port: number, text: string): Promise<Stream> {
  const stream = createConnection(port, "127.0.0.1");
  t.teardown(() => stream.destroy());
  stream.on("error", () => {});
  await once(stream, "connect");
  stream.write(text);
  return stream;
}

export const upgradeRequest = (path: string, headers = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${headers}\r\n`;

/** A frame with this first byte, masked with zeros, which leave the payload as it is; or not masked. */
export function rawFrame(firstByte: number, payload: string | Buffer = "", masked = true): Buffer {
  const data = Buffer.from(payload);
  const mask = masked ? 0x80 : 0;
  const length =
    data.length < 126
      ? Buffer.from([mask | data.length])
      : data.length < 65_536
        ? Buffer.from([mask | 126, data.length >> 8, data.length & 0xff])
        : Buffer.from([mask | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (data.length >> shift) & 0xff)]);
  return Buffer.concat([Buffer.from([firstByte]), length, Buffer.alloc(masked ? 4 : 0), data]);
}

/** Upgrades at `path`, writes `bytes`, and resolves with the server's close code once the connection has ended. */
export async function closeCodeFor(t: Test, port: number, path: string, bytes: Buffer): Promise<number | undefined> {
  const stream = await openStream(t, port, upgradeRequest(path));
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.write(bytes);
  await once(stream, "close");
  return closeCodeIn(Buffer.concat(chunks));
}

/** The code of the close frame among a server's frames (RFC 6455 section 5.2; none of 64 KB or more) after the upgrade's answer. */
function closeCodeIn(answer: Buffer): number | undefined {
  let at = answer.indexOf("\r\n\r\n") + 4;
  while (at + 2 <= answer.length) {
    const short = answer.readUInt8(at + 1);
    if (answer[at] === 0x88) return short < 2 ? undefined : answer.readUInt16BE(at + 2);
    at += short < 126 ? 2 + short : 4 + answer.readUInt16BE(at + 2);
  }
  return undefined;
}

// A WebSocket client on a bare TCP socket, as cheap as a load generator needs it: text frames in and out.
import { connect, type Socket } from "node:net";

export interface FrameAddress {
  /** http://host:port */
  readonly url: string;
  readonly path: string;
  /** The loopback address to connect from: one has ports for some 28,000 connections to the same server. */
  readonly from?: string | undefined;
}

export interface FrameEvents {
  /** The payload of a text frame is `data[start, end)`, until the call returns. */
  onText(data: Buffer, start: number, end: number): void;
  /** The connection failed or ended, and not by `close()`. `status`: that of the answer to the upgrade, where it was refused. */
  onEnd(reason: string, status?: number): void;
}

const textOpcode = 1;
const closeOpcode = 8;
/** One buffer for all sockets: what was read is parsed before the next read. */
const received = Buffer.allocUnsafe(256 * 1024);

export class FrameSocket {
  /** Received, without the response to the upgrade. */
  bytes = 0;
  readonly #socket: Socket;
  readonly #events: FrameEvents;
  /** The beginning of a frame, or of the upgrade response, whose rest has not arrived yet. */
  #carry: Buffer | undefined;
  #upgraded = false;
  /** What was to be sent before the server had agreed to the upgrade: it may refuse a client that does not wait. */
  #early: string[] = [];
  #closing = false;

  constructor({ url, path, from }: FrameAddress, events: FrameEvents) {
    this.#events = events;
    const { hostname, port, host } = new URL(url);
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      ...(from === undefined ? {} : { localAddress: from }),
      noDelay: true,
      onread: {
        buffer: received,
        callback: (length) => {
          this.#read(received.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on("error", (error) => this.#end(error.message));
    this.#socket.on("close", () => this.#end("closed"));
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\n` +
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
  }

  get isClosed(): boolean {
    return this.#closing;
  }

  send(...texts: readonly string[]): void {
    if (!this.#upgraded) this.#early.push(...texts);
    else this.#socket.write(texts.length === 1 ? clientFrame(texts[0]!) : Buffer.concat(texts.map(clientFrame)));
  }

  /** Reads no more. */
  pause(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#closing = true;
    // A reset, which leaves no port in TIME_WAIT.
    this.#socket.resetAndDestroy();
  }

  #end(reason: string, status?: number): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.destroy();
    this.#events.onEnd(reason, status);
  }

  #read(chunk: Buffer): void {
    let data = chunk;
    if (this.#carry) data = Buffer.concat([this.#carry, chunk]);
    this.#carry = undefined;
    if (this.#upgraded) this.bytes += chunk.length;
    let at = this.#upgraded ? 0 : this.#readUpgrade(data);
    while (this.#upgraded && !this.#closing) {
      const end = this.#readFrame(data, at);
      if (end === undefined) break;
      at = end;
    }
    if (at < data.length) this.#carry = Buffer.from(data.subarray(at));
  }

  /** Where the frames begin, or 0 while the upgrade response is incomplete. */
  #readUpgrade(data: Buffer): number {
    const end = data.indexOf("\r\n\r\n");
    if (end < 0) return 0;
    const status = Number(data.toString("latin1", 9, 12));
    if (status === 101) {
      this.#upgraded = true;
      if (this.#early.length > 0) this.send(...this.#early.splice(0));
    } else this.#end(`the upgrade was answered with ${status}`, status);
    this.bytes += data.length - end - 4;
    return end + 4;
  }

  /** Where the frame at `at` ends, or undefined while it is incomplete (RFC 6455 section 5.2; servers do not mask). */
  #readFrame(data: Buffer, at: number): number | undefined {
    if (data.length < at + 2) return undefined;
    const short = data[at + 1]! & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (data.length < at + head) return undefined;
    const length = short < 126 ? short : short === 126 ? data.readUInt16BE(at + 2) : data.readUIntBE(at + 4, 6);
    const start = at + head;
    const end = start + length;
    if (data.length < end) return undefined;
    const opcode = data[at]! & 0x0f;
    if (opcode === textOpcode) this.#events.onText(data, start, end);
    else if (opcode === closeOpcode) this.#end(`closed with ${length >= 2 ? data.readUInt16BE(start) : "no code"}`);
    return end;
  }
}

/** A text frame of a client: masked, as it must be, with zeros, which leave the payload as it is. */
export function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  let head = Buffer.from([0x81, 0x80 | length]);
  if (length >= 126) {
    const large = length > 0xffff;
    head = Buffer.alloc(large ? 10 : 4);
    head.set([0x81, 0x80 | (large ? 127 : 126)]);
    head.writeUIntBE(length, large ? 4 : 2, large ? 6 : 2);
  }
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

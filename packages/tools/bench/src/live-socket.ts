// A Socket.IO client on a bare TCP socket (WebSocket transport), as cheap as a load generator needs it.
import { connect, type Socket } from "node:net";
import { numberIn } from "@khui/test-kit/live-message";

export interface LiveSocketEvents {
  /** A message with this number came in. */
  onMessage(number: number): void;
  /** The connection ended, and not by `close()`. */
  onBroken(reason: string): void;
}

const textOpcode = 1;
const closeOpcode = 8;
const [ping, message, event] = [0x32, 0x34, 0x32];
/** One buffer for all sockets: what was read is parsed before the next read. */
const received = Buffer.allocUnsafe(256 * 1024);

interface Waiting {
  readonly prefix: string;
  resolve(rest: string): void;
  reject(error: Error): void;
}

export class LiveSocket {
  /** Heartbeats answered. */
  pings = 0;
  readonly #socket: Socket;
  readonly #events: LiveSocketEvents;
  /** The beginning of a frame, or of the upgrade response, whose rest has not arrived yet. */
  #carry: Buffer | undefined;
  #upgraded = false;
  #closing = false;
  #waiting: Waiting | undefined;

  private constructor(url: URL, events: LiveSocketEvents) {
    this.#events = events;
    this.#socket = connect({
      host: url.hostname,
      port: Number(url.port),
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
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\n` +
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
  }

  /** Resolves when the main namespace is connected; rejects when the server refuses. */
  static async open(url: string, events: LiveSocketEvents): Promise<LiveSocket> {
    const socket = new LiveSocket(new URL(url), events);
    await socket.#expect("0");
    socket.#socket.write(clientFrame("40"));
    await socket.#expect("40");
    return socket;
  }

  /** Emits an event and resolves with its acknowledgement's first argument; rejects when that has `success: false`. */
  async ask(name: string, ...args: unknown[]): Promise<unknown> {
    this.#socket.write(clientFrame(`420${JSON.stringify([name, ...args])}`));
    const [answer] = JSON.parse(await this.#expect("430")) as Array<{ success?: boolean } | undefined>;
    if (answer?.success === false) throw new Error(`${name} was refused: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Emits events, each its name and arguments, in one write. */
  emitAll(events: ReadonlyArray<readonly unknown[]>): void {
    this.#socket.write(Buffer.concat(events.map((one) => clientFrame(`42${JSON.stringify(one)}`))));
  }

  close(): void {
    this.#closing = true;
    // A reset, which leaves no port in TIME_WAIT.
    this.#socket.resetAndDestroy();
  }

  #expect(prefix: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) reject(new Error("closed"));
      else this.#waiting = { prefix, resolve, reject };
    });
  }

  #end(reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.destroy();
    this.#waiting?.reject(new Error(reason));
    this.#events.onBroken(reason);
  }

  #read(chunk: Buffer): void {
    let data = chunk;
    if (this.#carry) data = Buffer.concat([this.#carry, chunk]);
    this.#carry = undefined;
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
    const status = data.toString("latin1", 9, 12);
    if (status === "101") this.#upgraded = true;
    else this.#end(`the upgrade was answered with ${status}`);
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
    if (opcode === textOpcode) this.#onText(data, start, end);
    else if (opcode === closeOpcode) this.#end(`closed with ${length >= 2 ? data.readUInt16BE(start) : "no code"}`);
    return end;
  }

  #onText(data: Buffer, start: number, end: number): void {
    if (data[start] === ping) {
      this.pings++;
      this.#socket.write(clientFrame("3"));
    } else if (data[start] === message && data[start + 1] === event) {
      const number = numberIn(data, start, end);
      if (number !== undefined) this.#events.onMessage(number);
    } else {
      const text = data.toString("utf8", start, end);
      const waiting = this.#waiting;
      if (!waiting || !text.startsWith(waiting.prefix)) return;
      this.#waiting = undefined;
      waiting.resolve(text.slice(waiting.prefix.length));
    }
  }
}

/** A text frame of a client: masked, as it must be, with zeros, which leave the payload as it is. */
export function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const length = payload.length;
  const head =
    length < 126 ? Buffer.from([0x81, 0x80 | length]) : Buffer.from([0x81, 0x80 | 126, length >> 8, length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

// A Socket.IO client for load generators (WebSocket transport): it answers heartbeats, counts messages and awaits acknowledgements.
import { numberIn } from "@khui/test-kit/live-message";
import { FrameSocket } from "./frame-socket.js";

export interface LiveSocketEvents {
  /** A message with this number came in. */
  onMessage(number: number): void;
  /** The connection ended, and not by `close()`. */
  onBroken(reason: string): void;
}

export const socketIoPath = "/socket.io/?EIO=4&transport=websocket";
const [ping, message, event] = [0x32, 0x34, 0x32];

interface Waiting {
  readonly prefix: string;
  resolve(rest: string): void;
  reject(error: Error): void;
}

export class LiveSocket {
  /** Heartbeats answered. */
  pings = 0;
  readonly #socket: FrameSocket;
  readonly #events: LiveSocketEvents;
  #waiting: Waiting | undefined;

  private constructor(url: string, events: LiveSocketEvents) {
    this.#events = events;
    this.#socket = new FrameSocket(
      { url, path: socketIoPath },
      {
        onText: (data, start, end) => this.#onText(data, start, end),
        onEnd: (reason) => {
          this.#waiting?.reject(new Error(reason));
          events.onBroken(reason);
        },
      },
    );
  }

  /** Resolves when the main namespace is connected; rejects when the server refuses. */
  static async open(url: string, events: LiveSocketEvents): Promise<LiveSocket> {
    const socket = new LiveSocket(url, events);
    await socket.#expect("0");
    socket.#socket.send("40");
    await socket.#expect("40");
    return socket;
  }

  /** Emits an event and resolves with its acknowledgement's first argument; rejects when that has `success: false`. */
  async ask(name: string, ...args: unknown[]): Promise<unknown> {
    this.#socket.send(`420${JSON.stringify([name, ...args])}`);
    const [answer] = JSON.parse(await this.#expect("430")) as Array<{ success?: boolean } | undefined>;
    if (answer?.success === false) throw new Error(`${name} was refused: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Emits events, each its name and arguments, in one write. */
  emitAll(events: ReadonlyArray<readonly unknown[]>): void {
    this.#socket.send(...events.map((one) => `42${JSON.stringify(one)}`));
  }

  close(): void {
    this.#socket.close();
  }

  #expect(prefix: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#socket.isClosed) reject(new Error("closed"));
      else this.#waiting = { prefix, resolve, reject };
    });
  }

  #onText(data: Buffer, start: number, end: number): void {
    if (data[start] === ping) {
      this.pings++;
      this.#socket.send("3");
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

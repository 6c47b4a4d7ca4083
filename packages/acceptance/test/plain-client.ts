// A bare WebSocket that records what it receives: for /ws, and for Socket.IO packets written by hand.
import { once } from "node:events";
import { eventually } from "@khui/test-kit/system";
import type { Test } from "tap";
import { WebSocket } from "ws";

export interface Frame {
  event?: string;
  data?: { [field: string]: unknown };
  reply?: string | number;
  success?: boolean;
  code?: string;
  message?: string;
}

export interface Bare {
  readonly socket: WebSocket;
  readonly texts: readonly string[];
  /** Set once it is closed. */
  readonly closeCode: number | undefined;
  /** The first JSON frame that matches, already received or future. */
  frame(matches: (frame: Frame) => boolean): Promise<Frame>;
  /** Sends an event with an id and resolves with its reply. */
  ask(event: string, data?: unknown): Promise<Frame>;
  closed(): Promise<number>;
}

/** Opens a WebSocket at `path` of the system; closed when the test ends. */
export async function openBare(t: Pick<Test, "teardown">, url: string, path: string): Promise<Bare> {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}${path}`);
  const texts: string[] = [];
  let closeCode: number | undefined;
  let asked = 0;
  socket.on("message", (data) => texts.push(data.toString()));
  socket.on("close", (code) => {
    closeCode = code;
  });
  t.teardown(() => socket.terminate());
  await once(socket, "open");
  const bare: Bare = {
    socket,
    texts,
    get closeCode() {
      return closeCode;
    },
    async frame(matches) {
      let found: Frame | undefined;
      await eventually(() => {
        found = texts.map((text) => JSON.parse(text) as Frame).find(matches);
        return found !== undefined;
      });
      return found!;
    },
    async ask(event, data) {
      const id = ++asked;
      socket.send(JSON.stringify({ event, data, id }));
      return bare.frame(({ reply }) => reply === id);
    },
    async closed() {
      await eventually(() => closeCode !== undefined, 20_000);
      return closeCode!;
    },
  };
  return bare;
}

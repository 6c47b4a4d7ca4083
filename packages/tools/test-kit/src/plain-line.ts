// A plain WebSocket at /ws that reconnects by itself and matches replies to requests.
import type { Acknowledgement } from "@khui/contracts";
import pTimeout from "p-timeout";
import { WebSocket } from "ws";
import { answerTimeoutMs, type Line, type LineEvents, reconnectMs } from "./line.js";

/** The server pings every 25 s; socket.io-client, too, waits 20 s more for a ping before it closes the connection. */
const silenceMs = 45_000;
/** Codes from here to 4999 forbid a reconnect. */
const stayAway = 4500;

interface Asked {
  resolve(answer: Acknowledgement): void;
  reject(error: Error): void;
}

/** The line is closed until `open` is called. */
export function plainLine(url: string, { onOpen, onEvent }: LineEvents): Line {
  const address = `${url.replace(/^http/, "ws")}/ws`;
  const asked = new Map<number, Asked>();
  let [connections, questions] = [0, 0];
  let wanted = false;
  let socket: WebSocket | undefined;
  let again: NodeJS.Timeout | undefined;

  function connect(): void {
    connections++;
    const current = new WebSocket(address);
    socket = current;
    let silence: NodeJS.Timeout | undefined;
    const alive = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => current.terminate(), silenceMs);
    };
    alive();
    current.on("ping", alive).on("open", () => {
      alive();
      onOpen();
    });
    current.on("message", (data) => {
      alive();
      take(JSON.parse(String(data)));
    });
    // A failure is followed by a close.
    current.on("error", () => {});
    current.on("close", (code) => {
      clearTimeout(silence);
      if (socket !== current) return;
      socket = undefined;
      for (const { reject } of asked.values()) reject(new Error(`closed with ${code}`));
      asked.clear();
      if (wanted && code < stayAway) {
        again = setTimeout(connect, reconnectMs.least + Math.random() * (reconnectMs.most - reconnectMs.least));
      }
    });
  }

  function take(message: { event?: string; data?: unknown; reply?: number }): void {
    if (message.event !== undefined) {
      onEvent(message.event, [message.data]);
      return;
    }
    const { reply, ...answer } = message;
    asked.get(reply ?? -1)?.resolve(answer as Acknowledgement);
  }

  return {
    get connection() {
      return socket?.readyState === WebSocket.OPEN ? `plain ${connections}` : undefined;
    },
    gateway: undefined,
    ask(event, data) {
      const current = socket;
      if (current?.readyState !== WebSocket.OPEN) return Promise.reject(new Error("not connected"));
      const id = ++questions;
      const answered = new Promise<Acknowledgement>((resolve, reject) => {
        asked.set(id, { resolve, reject });
        current.send(JSON.stringify({ event, id, ...(data === undefined ? {} : { data }) }));
      });
      const message = `no answer in ${answerTimeoutMs} ms`;
      return pTimeout(answered, { milliseconds: answerTimeoutMs, message }).finally(() => asked.delete(id));
    },
    open() {
      wanted = true;
      clearTimeout(again);
      if (!socket) connect();
    },
    close() {
      wanted = false;
      clearTimeout(again);
      const current = socket;
      current?.terminate();
    },
  };
}

// A connection by an unmodified socket.io-client, over one of its transports.
import { io } from "socket.io-client";
import { answerTimeoutMs, type Line, type LineEvents, type LineKind, reconnectMs } from "./line.js";

export type SocketIoKind = Exclude<LineKind, "plain">;

/** socket.io-client's own; its default is polling first, then an upgrade. */
const transports: Readonly<Record<SocketIoKind, string[]>> = {
  polling: ["polling"],
  default: ["polling", "websocket"],
  websocket: ["websocket"],
};
export const socketIoKinds = Object.keys(transports) as SocketIoKind[];

/** The line is closed until `open` is called. */
export function socketIoLine(url: string, kind: SocketIoKind, { onOpen, onEvent }: LineEvents): Line {
  const socket = io(url, {
    forceNew: true,
    autoConnect: false,
    transports: transports[kind],
    reconnectionDelay: reconnectMs.least,
    reconnectionDelayMax: reconnectMs.most,
  });
  socket.on("connect", onOpen);
  socket.onAny((event: string, ...args: unknown[]) => onEvent(event, args));
  return {
    get connection() {
      return socket.connected ? socket.id : undefined;
    },
    get gateway() {
      return socket.connected ? socket.io.engine.id.split(".")[0] : undefined;
    },
    async ask(event, payload) {
      // socket.io-client would buffer it, and send it before `authenticate`.
      if (!socket.connected) throw new Error("not connected");
      return socket.timeout(answerTimeoutMs).emitWithAck(event, ...(payload === undefined ? [] : [payload]));
    },
    open: () => void socket.connect(),
    close: () => void socket.disconnect(),
  };
}

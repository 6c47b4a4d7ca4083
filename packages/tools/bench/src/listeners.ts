// Members who listen on WebSockets, and report every new message.
import pTimeout from "p-timeout";
import WebSocket from "ws";

export interface Listener {
  readonly token: string;
  readonly roomIds: readonly string[];
}

export interface Listeners {
  close(): void;
}

const setupMs = 30_000;

/**
 * Opens a plain socket for each listener and joins its rooms; resolves when all have joined. `onMessage` gets the
 * content of each new message as it comes in. `onBroken` is called when a socket that had joined closes.
 */
export async function openListeners(
  url: string,
  listeners: readonly Listener[],
  onMessage: (content: string) => void,
  onBroken: (reason: string) => void,
): Promise<Listeners> {
  const sockets = listeners.map(() => new WebSocket(`${url.replace(/^http/, "ws")}/ws`));
  let closing = false;
  await Promise.all(
    sockets.map((socket, i) => {
      socket.on("close", (code, reason) => {
        if (!closing) onBroken(`a listener was closed: ${code} ${reason}`);
      });
      return enter(socket, listeners[i]!, onMessage);
    }),
  );
  return {
    close() {
      closing = true;
      for (const socket of sockets) socket.terminate();
    },
  };
}

interface Incoming {
  readonly event?: string;
  readonly reply?: number;
  readonly success?: boolean;
  readonly data?: { readonly message?: { readonly content: string } };
}

/** Authenticates, then joins one room after the other: a socket has a flood limit. */
function enter(socket: WebSocket, { token, roomIds }: Listener, onMessage: (content: string) => void): Promise<void> {
  const steps = [
    { event: "authenticate", data: { token } },
    ...roomIds.map((chatRoomId) => ({ event: "join_chat", data: { chatRoomId } })),
  ];
  const entered = new Promise<void>((resolve, reject) => {
    const send = (id: number): void => {
      if (id === steps.length) resolve();
      else socket.send(JSON.stringify({ ...steps[id], id }));
    };
    socket.on("error", reject);
    socket.on("open", () => send(0));
    socket.on("message", (raw) => {
      const incoming = JSON.parse(String(raw)) as Incoming;
      if (incoming.event === "new_message") onMessage(incoming.data?.message?.content ?? "");
      else if (incoming.reply !== undefined && incoming.success) send(incoming.reply + 1);
      else if (incoming.reply !== undefined) reject(new Error(`a listener was refused: ${raw}`));
    });
  });
  return pTimeout(entered, { milliseconds: setupMs, message: "the listeners could not join in time" });
}

// A TCP proxy in front of a server, with which a test can simulate outages and hangs.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Test } from "tap";

export interface Gate {
  /** The URL of the server through the gate. */
  url: string;
  /** As if the server had been killed: connections break, new ones are refused. */
  shut(): Promise<void>;
  /** As if the server hung: connections stay, and what is sent waits until the gate opens. */
  hold(): void;
  /** As if a router had lost the existing connections: nothing passes on them ever again; new ones work. */
  lose(): void;
  open(): Promise<void>;
}

export async function gateTo(t: Test, redisUrl: string): Promise<Gate> {
  const url = new URL(redisUrl);
  const [host, redisPort] = [url.hostname, Number(url.port || 6379)];
  const sockets = new Set<Socket>();
  let held = false;
  const server = createServer((near) => {
    const far = connect(redisPort, host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk) => to.write(chunk));
      if (held) from.pause();
      // Either end may break at any time here; both are closed then.
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  url.hostname = "127.0.0.1";
  url.port = String(port);

  const shut = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  t.teardown(shut);
  return {
    url: url.href,
    shut,
    hold() {
      held = true;
      for (const socket of sockets) socket.pause();
    },
    lose() {
      for (const socket of sockets) socket.removeAllListeners("data").on("data", () => undefined);
    },
    async open() {
      held = false;
      for (const socket of sockets) socket.resume();
      if (server.listening) return;
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    },
  };
}

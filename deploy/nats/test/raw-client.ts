// A bare connection to a NATS server, which sends what no client library would: any subject, any reply subject.
// https://docs.nats.io/reference/reference-protocols/nats-protocol
import { createConnection } from "node:net";

export interface RawClient {
  /** Whether the server accepts a message to `subject` with the reply subject `reply`. */
  mayPublish(subject: string, reply?: string): Promise<boolean>;
  /** Whether the server accepts a subscription. It stays until the client is closed. */
  maySubscribe(subject: string, queue?: string): Promise<boolean>;
  /** Resolves with the next message's reply subject, or null if it has none. */
  nextReply(): Promise<string | null>;
  close(): void;
}

/** Rejects if the server refuses the URL's user. */
export async function connectRaw(address: string): Promise<RawClient> {
  const { hostname, port, username, password } = new URL(address);
  const socket = createConnection(Number(port), hostname);
  const refusals: string[] = [];
  const replies: Array<string | null> = [];
  let ended: Error | undefined;
  let pongs = 0;
  let unread = "";
  let changed = (): void => {};

  socket.on("error", (error) => {
    ended = error;
  });
  socket.on("close", () => {
    ended ??= new Error(`the server has closed the connection: ${refusals.join("; ")}`);
    changed();
  });
  socket.on("data", (chunk) => {
    unread += chunk.toString("latin1");
    for (let end = unread.indexOf("\r\n"); end >= 0; end = unread.indexOf("\r\n")) {
      const line = unread.slice(0, end);
      unread = unread.slice(end + 2);
      if (line === "PONG") pongs += 1;
      else if (line === "PING") socket.write("PONG\r\n");
      else if (line.startsWith("-ERR")) refusals.push(line);
      // Subject, subscription id, reply subject if any, size. Bodies are empty here, and appear as empty lines.
      else if (line.startsWith("MSG")) replies.push(line.split(" ").length === 5 ? (line.split(" ")[3] ?? null) : null);
    }
    changed();
  });

  async function until<Found>(found: () => Found | undefined): Promise<Found> {
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      if (ended) throw ended;
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  }

  /** The server's response to a command arrives before the PONG for a PING sent after it. */
  async function isTaken(command: string): Promise<boolean> {
    const [before, expected] = [refusals.length, pongs + 1];
    socket.write(`${command}PING\r\n`);
    await until(() => (pongs >= expected ? true : undefined));
    return refusals.length === before;
  }

  const options = { verbose: false, user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  await isTaken(`CONNECT ${JSON.stringify({ ...options, lang: "test", version: "1" })}\r\n`);
  let subscriptions = 0;
  return {
    mayPublish: (subject, reply) => isTaken(`PUB ${subject} ${reply === undefined ? "" : `${reply} `}0\r\n\r\n`),
    maySubscribe(subject, queue) {
      subscriptions += 1;
      return isTaken(`SUB ${subject} ${queue === undefined ? "" : `${queue} `}${subscriptions}\r\n`);
    },
    nextReply: () => until(() => replies.shift()),
    close: () => socket.destroy(),
  };
}

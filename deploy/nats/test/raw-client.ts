// One bare connection to a NATS server, which says what no client library would: any subject, any reply.
// https://docs.nats.io/reference/reference-protocols/nats-protocol
import { createConnection } from "node:net";

export interface RawClient {
  /** Whether the server takes a message to `subject`, whose answer is to go to `reply`. */
  mayPublish(subject: string, reply?: string): Promise<boolean>;
  /** Whether the server takes a subscription. It stays until the client is closed. */
  maySubscribe(subject: string, queue?: string): Promise<boolean>;
  /** Resolves with the next message's reply subject; null where it has none. */
  nextReply(): Promise<string | null>;
  close(): void;
}

/** Rejects when the server does not let the address's user in. */
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
      // Subject, number of the subscription, reply if there is one, size. Bodies are empty here, and pass as empty lines.
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

  /** What the server says of a command comes before its answer to a PING behind it. */
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

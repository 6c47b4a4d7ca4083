// One keep-alive connection of a load generator: far cheaper than a real HTTP client.
import { connect, type Socket } from "node:net";

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export interface HttpConnection {
  /** Sends a request that `requestText` made, one at a time. Rejects when the connection breaks or the answer has no length. */
  ask(request: string): Promise<Answer>;
  close(): void;
}

/** The text of a request with a bearer token, and with a JSON body where one is given. */
export function requestText(method: string, path: string, token: string, body?: string): string {
  const entity =
    body === undefined ? "" : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\n${entity}\r\n${body ?? ""}`;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Rejects when nothing listens at the URL. */
export async function openConnection(url: string): Promise<HttpConnection> {
  const { hostname, port } = new URL(url);
  const socket = await opened(connect({ host: hostname, port: Number(port), noDelay: true }));
  let received: Buffer = Buffer.alloc(0);
  let waiting: Waiting | undefined;

  const fail = (error: Error): void => {
    waiting?.reject(error);
    waiting = undefined;
    socket.destroy();
  };
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the connection was closed")));
  socket.on("data", (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    try {
      const answer = readAnswer(received);
      if (!answer) return;
      received = Buffer.alloc(0);
      const { resolve } = waiting ?? {};
      waiting = undefined;
      resolve?.(answer);
    } catch (error) {
      fail(error as Error);
    }
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (waiting || socket.destroyed) return reject(new Error(waiting ? "one request at a time" : "closed"));
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

function opened(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject).once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

/** Undefined while bytes are missing. */
function readAnswer(received: Buffer): Answer | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = received.toString("latin1", 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without a length: ${head.slice(0, 80)}`);
  const body = received.subarray(end + 4);
  if (body.length < Number(length)) return undefined;
  return { status: Number(head.slice(9, 12)), body };
}

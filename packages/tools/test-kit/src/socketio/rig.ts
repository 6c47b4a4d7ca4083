// An engine on a free port, and clients of it that are closed when the test ends.
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createEngine, type Engine, type EngineOptions, type Handshake, type Socket } from "@khui/socketio";
import { type Socket as Client, io, type ManagerOptions, type SocketOptions } from "socket.io-client";
import { WebSocket } from "ws";

export interface Test {
  teardown(run: () => unknown): void;
}

export interface Rig {
  engine: Engine;
  server: Server;
  port: number;
  url: string;
  errors: Error[];
}

export async function start(
  t: Test,
  options: EngineOptions,
  onSocket: (socket: Socket, handshake: Handshake) => void,
): Promise<Rig> {
  const errors: Error[] = [];
  const engine = createEngine({ onError: (error) => errors.push(error), ...options }, onSocket);
  const server = createServer((_, response) => response.end("host"));
  engine.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    await engine.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { engine, server, port, url: `http://127.0.0.1:${port}`, errors };
}

export function connect(t: Test, url: string, options: Partial<ManagerOptions & SocketOptions> = {}): Client {
  const client = io(url, { forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 40, ...options });
  t.teardown(() => client.disconnect());
  return client;
}

/** The arguments of the next `event`. */
export function next(client: Client, event: string): Promise<unknown[]> {
  return new Promise((resolve) => client.once(event, (...args: unknown[]) => resolve(args)));
}

/** A raw WebSocket with all it has received; `closed` is set with the close code. */
export interface Raw {
  socket: WebSocket;
  texts: string[];
  closed: number | undefined;
}

export async function openRaw(t: Test, url: string): Promise<Raw> {
  const socket = new WebSocket(url.replace("http", "ws"));
  const raw: Raw = { socket, texts: [], closed: undefined };
  socket.on("message", (data) => raw.texts.push(String(data)));
  socket.on("close", (code) => {
    raw.closed = code;
  });
  socket.on("error", () => {});
  t.teardown(() => socket.terminate());
  await once(socket, "open");
  return raw;
}

export const webSocketQuery = "/socket.io/?EIO=4&transport=websocket";
export const pollingQuery = "/socket.io/?EIO=4&transport=polling";

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** One HTTP request on a connection of its own; rejects if the connection breaks. */
export function ask(url: string, method = "GET", body?: string, headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, agent: false, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Handshakes over polling: the session's URL. */
export async function openPolling(url: string): Promise<string> {
  const reply = await ask(url + pollingQuery);
  const { sid }: { sid: string } = JSON.parse(reply.body.slice(1));
  return `${url}${pollingQuery}&sid=${sid}`;
}

export type { Client, Socket };

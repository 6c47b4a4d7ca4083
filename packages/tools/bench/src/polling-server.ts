// A server of bench:polling: every client's poll is answered with the next message, by our engine or by node:http alone.
import { createServer, type ServerResponse } from "node:http";
import { createEngine, encodeEvent } from "@khui/socketio";

const { PORT, HOST, BENCH_POLLING } = process.env;
const intervalMs = 100;
const body = JSON.stringify({ text: "x".repeat(200) });
const text = "text/plain; charset=UTF-8";
const ready = (response: ServerResponse) => response.writeHead(200, { "content-length": 5 }).end("ready");

if (BENCH_POLLING === "ours") startEngine();
else if (BENCH_POLLING === "bare") startBare();

function startEngine(): void {
  const engine = createEngine({ ownerId: "bench", cors: { origin: true } }, () => {});
  const server = createServer((_request, response) => ready(response));
  engine.attach(server);
  server.listen(Number(PORT), HOST);
  setInterval(() => {
    const message = encodeEvent("message", body);
    for (const socket of engine.sockets) socket.send(message);
  }, intervalMs);
}

function startBare(): void {
  let waiting: ServerResponse[] = [];
  const server = createServer((request, response) => {
    const { url = "", method } = request;
    if (!url.startsWith("/socket.io/")) ready(response);
    else if (!url.includes("sid=")) answer(response, '0{"sid":"bare"}');
    else if (method === "POST") {
      request.resume();
      request.once("end", () => answer(response, "ok"));
    } else waiting.push(response);
  });
  server.listen(Number(PORT), HOST);
  setInterval(() => {
    const due = waiting;
    waiting = [];
    for (const response of due) answer(response, `42["message",${body}]`);
  }, intervalMs);
}

function answer(response: ServerResponse, payload: string): void {
  const headers = { "cache-control": "no-store", "content-type": text, "content-length": Buffer.byteLength(payload) };
  response.writeHead(200, headers).end(payload);
}

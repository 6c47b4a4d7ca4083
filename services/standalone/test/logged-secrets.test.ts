// At the most talkative level of the log, no line holds a token, in whatever way one was sent.
import { once } from "node:events";
import { connect } from "node:net";
import { createLogger } from "@khui/service/process";
import { createScopes, unobserved } from "@khui/service/telemetry";
import { io, type ManagerOptions, type SocketOptions } from "socket.io-client";
import { test } from "tap";
import { WebSocket } from "ws";
import { startEmbedded } from "../src/app.js";
import { services } from "../src/services.js";

test("no token is in any line of a log at trace", async (t) => {
  const lines: string[] = [];
  const log = createLogger({ name: "khui", level: "trace", destination: { write: (line) => void lines.push(line) } });
  const khui = await startEmbedded(services, {
    environment: {
      JWT_SECRET: "a secret of decent length",
      MEDIA_URL_SECRET: "another secret of decent length",
      PORT: "0",
      HOST: "127.0.0.1",
    },
    // As `openTelemetry` makes it for this level.
    telemetry: { ...unobserved(log), scopes: createScopes(true) },
    developmentSignIn: true,
  });
  t.teardown(() => khui.close());
  const good = khui.tokens.sign({ sub: "ann" }, 60);
  const expired = khui.tokens.sign({ sub: "ann", exp: 1 }, 60);
  const tokens = [good, expired, `${good}x`, good.replace(/^./, "x")];

  const { hostname, port } = new URL(khui.url.replace("localhost", "127.0.0.1"));
  /** Sends bytes that may be no HTTP, and awaits the end of the connection. */
  async function raw(text: string): Promise<void> {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined).resume();
    socket.end(text);
    await new Promise((closed) => socket.once("close", closed));
  }
  async function socket(options: Partial<ManagerOptions & SocketOptions>, token?: string): Promise<void> {
    const client = io(khui.url, { forceNew: true, reconnection: false, ...options });
    const told = new Promise((heard) => {
      for (const event of ["authenticated", "auth_error", "connect_error", "disconnect"]) client.once(event, heard);
    });
    if (token) client.emit("authenticate", { token, userId: "ann", extra: token });
    await told;
    client.disconnect();
  }

  for (const token of tokens) {
    const headers = { authorization: `Bearer ${token}`, cookie: `token=${token}`, "x-token": token };
    const json = { ...headers, "content-type": "application/json" };
    const rooms = `${khui.url}/api/v1/chat/rooms`;
    await fetch(`${rooms}?token=${token}`, { headers });
    await fetch(`${khui.url}/nowhere/${token}?access_token=${token}`, { headers });
    await fetch(rooms, { method: "POST", headers: json, body: JSON.stringify({ type: token, token }) });
    await fetch(rooms, { method: "POST", headers: json, body: `{"token":"${token}"` });
    await fetch(`${khui.url}/dev/token`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ userId: "ann", token }),
    });
    const head = `host: a\r\nauthorization: Bearer ${token}\r\n`;
    await raw(`GET /api HTTP/1.1\r\n${head}content-length: many\r\n\r\n`);
    await raw(`GET /api HTTP/9.9\r\n${head}\r\n`);
    await raw(`GET /ws?token=${token} HTTP/1.1\r\n${head}connection: upgrade\r\nupgrade: websocket\r\n\r\n`);
    for (const transport of ["polling", "websocket"]) {
      await socket({ transports: [transport], auth: { token, userId: "ann" }, query: { token } });
      await socket({ transports: [transport], auth: { token: [token] }, extraHeaders: headers }, token);
    }
    const plain = new WebSocket(`${khui.url.replace("http", "ws")}/ws?token=${token}`);
    await once(plain, "open");
    plain.send(JSON.stringify({ event: "authenticate", data: { token }, id: token }));
    plain.send(`{"event":"${token}"`);
    await once(plain, "message");
    plain.close();
  }
  t.ok(
    lines.some((line) => line.includes('"request"')) && lines.some((line) => line.includes('"event"')),
    "it is talkative",
  );
  const forms = tokens.flatMap((token) => {
    const [, payload, signature] = token.split(".");
    return [payload, signature].flatMap((part) => [part!, [...Buffer.from(part!)].join(",")]);
  });
  for (const line of lines) if (forms.some((form) => line.includes(form))) t.fail(line);
});

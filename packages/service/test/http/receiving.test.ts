// Bodies still being sent after their answer, and slow bodies: both end soon, and the answer arrives.
import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { routes } from "@khui/contracts";
import { createLocalLimits } from "@khui/limits/local";
import { createLogger } from "@khui/service/process";
import { type Test, test } from "tap";
import { createApp, createTokens, type Guard, mounter } from "../../src/http/index.js";

const tokens = await createTokens({ secret: "a secret of decent length" });
const token = tokens.sign({ sub: "u" }, 60);
const rule = { points: 1000, perSeconds: 60 };

async function listening(t: Test, options: Parameters<typeof createApp>[0] = {}) {
  const app = await createApp(options);
  const limits = createLocalLimits();
  const rules = { perAddress: { name: "address", ...rule }, perUser: { name: "user", ...rule } };
  const guard: Guard = { tokens, limits, rules };
  mounter(app, guard)(routes.editMessage, async () => ({ message: "", data: {} as never }));
  mounter(app, guard)(routes.getRoom, async () => ({ chatRoom: {} as never }));
  const accepted: Socket[] = [];
  app.server.on("connection", (socket) => accepted.push(socket));
  t.teardown(async () => {
    for (const socket of accepted) socket.destroy();
    await Promise.all([app.close(), limits.close()]);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: (app.server.address() as AddressInfo).port, accepted };
}

const id = "0123456789abcdef01234567";
const json = "content-type: application/json";
const head = (line: string, ...headers: string[]) => [`${line} HTTP/1.1`, "host: a", ...headers, "", ""].join("\r\n");

/** Sends the head, then an endless body, while reading. Resolves with what was read until the server closes. */
async function stream(t: Test, port: number, start: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  t.teardown(() => socket.destroy());
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  // The server may close the connection with some of our bytes unread.
  socket.on("error", () => undefined);
  socket.write(start);
  const chunk = Buffer.alloc(65_536, " ");
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", more);
  more();
  await new Promise((closed) => socket.once("close", closed));
  return answer;
}

test("the body of an unauthenticated request is not read for long after the answer", async (t) => {
  const { port, accepted } = await listening(t);
  const announced = "content-length: 1000000000";
  const cases: Array<[number, string]> = [
    [401, head(`PUT /api/v1/chat/messages/${id}`, json, announced)],
    [401, head(`PUT /api/v1/chat/messages/${id}`, json, announced, "authorization: Bearer x")],
    [401, head(`GET /api/v1/chat/rooms/${id}`, json, announced)],
    [401, head(`PUT /api/v1/chat/messages/${id}`, "content-type: multipart/form-data; boundary=a", announced)],
    [404, head("POST /nowhere", json, announced)],
    [404, head("PUT /", "content-type: multipart/form-data; boundary=a", announced)],
    [204, head("OPTIONS /x", json, announced, "origin: http://a.example", "access-control-request-method: PUT")],
  ];
  for (const [status, start] of cases) {
    const answer = await stream(t, port, start);
    const what = start.split("\r\n").slice(0, 4).join(" ");
    t.match(answer, new RegExp(`^HTTP/1.1 ${status} `), what);
    t.match(answer, /^connection: close\r$/im, what);
    // The bound, plus what Node and the kernel had buffered before.
    t.ok(accepted.at(-1)!.bytesRead < 1_000_000, `${what}: ${accepted.at(-1)?.bytesRead} bytes were read`);
  }
});

test("a connection is kept after a refusal if the body has arrived", async (t) => {
  const { port } = await listening(t);
  const socket = connect(port, "127.0.0.1");
  t.teardown(() => socket.destroy());
  for (let i = 0; i < 2; i++) {
    socket.write(`${head(`PUT /api/v1/chat/messages/${id}`, json, "content-length: 2")}{}`);
    const [answer] = await once(socket, "data");
    t.match(String(answer), /^HTTP\/1.1 401 /);
    t.match(String(answer), /^connection: keep-alive\r$/im);
  }
});

test("a slow body is answered with 408, and its connection is closed", async (t) => {
  const { port } = await listening(t, { bodyMs: 200 });
  for (const length of ["content-length: 100000", "transfer-encoding: chunked"]) {
    const socket = connect(port, "127.0.0.1");
    t.teardown(() => socket.destroy());
    socket.write(head(`PUT /api/v1/chat/messages/${id}`, json, length, `authorization: Bearer ${token}`));
    const drip = setInterval(() => socket.write(length.startsWith("t") ? "1\r\n \r\n" : " "), 20);
    socket.on("error", () => undefined);
    const gone = new Promise((closed) => socket.once("close", closed));
    const [answer] = await once(socket, "data");
    t.match(String(answer), /^HTTP\/1.1 408 /, length);
    t.match(String(answer), /^connection: close\r$/im, length);
    t.match(String(answer), '"code":"request_timeout"', length);
    await gone;
    clearInterval(drip);
  }
});

test("a body in several chunks within its time is accepted", async (t) => {
  const { port } = await listening(t);
  const socket = connect(port, "127.0.0.1");
  t.teardown(() => socket.destroy());
  socket.write(
    head(
      `PUT /api/v1/chat/messages/${id}`,
      json,
      "content-length: 15",
      `authorization: Bearer ${token}`,
      "expect: 100-continue",
    ),
  );
  t.match(String((await once(socket, "data"))[0]), /^HTTP\/1.1 100 /, "asked to go on, with the headers taken in");
  for (const piece of ['{"conte', 'nt":"x', '"}']) await new Promise((taken) => socket.write(piece, taken));
  t.match(String((await once(socket, "data"))[0]), /^HTTP\/1.1 200 /);
});

test("a client that disconnects in the middle of a body leaves nothing behind", async (t) => {
  const lines: string[] = [];
  const log = createLogger({ name: "test", level: "warn", destination: { write: (line) => void lines.push(line) } });
  const { port, accepted } = await listening(t, { log });
  const socket = connect(port, "127.0.0.1");
  socket.write(
    `${head(`PUT /api/v1/chat/messages/${id}`, json, "content-length: 9", `authorization: Bearer ${token}`)}{`,
  );
  while (accepted.length === 0 || accepted[0]!.bytesRead === 0) await new Promise(setImmediate);
  socket.destroy();
  await once(accepted[0]!, "close");
  t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404);
  t.same(lines, []);
});

test("a missing Host is refused in our shape, and an unknown expectation is ignored", async (t) => {
  const { port } = await listening(t);
  for (const [request, code] of [
    [`GET /api/v1/chat/rooms/${id} HTTP/1.1\r\n\r\n`, "invalid_request"],
    [head(`GET /api/v1/chat/rooms/${id}`, "expect: something"), "unauthorized"],
  ] as const) {
    const socket = connect(port, "127.0.0.1");
    t.teardown(() => socket.destroy());
    socket.write(request);
    const [answer] = await once(socket, "data");
    t.match(String(answer), `"code":"${code}"`);
  }
});

test("malformed HTTP is answered in our shape, and its content is not logged", async (t) => {
  const lines: string[] = [];
  const log = createLogger({ name: "test", level: "trace", destination: { write: (line) => void lines.push(line) } });
  const { port } = await listening(t, { log });
  const broken = {
    invalid_request: head("GET /x", `authorization: Bearer ${token}`, "content-length: many"),
    headers_too_large: head("GET /x", `authorization: Bearer ${token}`, `x: ${"y".repeat(20_000)}`),
  };
  for (const [code, request] of Object.entries(broken)) {
    const socket = connect(port, "127.0.0.1");
    t.teardown(() => socket.destroy());
    socket.on("error", () => undefined).write(request);
    const [answer] = await once(socket, "data");
    t.match(String(answer), `"code":"${code}"`);
  }
  t.equal(lines.filter((line) => line.includes("broken request")).length, 2, "a line each");
  const bytes = [...Buffer.from(token)].join(",");
  for (const line of lines) t.notOk(line.includes(token) || line.includes(bytes) || line.includes("rawPacket"), line);
});

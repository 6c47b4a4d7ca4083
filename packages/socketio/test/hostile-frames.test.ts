// Frames that break RFC 6455: each closes its own connection with the right code, and leaves nothing behind.
import { once } from "node:events";
import { closeCodeFor, openStream, rawFrame, upgradeRequest } from "@khui/test-kit/socketio/raw-stream";
import { webSocketQuery } from "@khui/test-kit/socketio/rig";
import { test } from "tap";
import { startRoom } from "./bystanders.js";

const [text, binary, continued, ping, pong, close] = [0x81, 0x82, 0x80, 0x89, 0x8a, 0x88];
const [unfinished, compressed] = [0x80, 0x40];
const protocolError = 1002;

const broken: Array<[string, number, Buffer]> = [
  ["no mask", protocolError, rawFrame(text, "hello", false)],
  ["a compressed frame", protocolError, rawFrame(text | compressed, "hello")],
  ["reserved bits", protocolError, rawFrame(text | 0x30, "hello")],
  ["a reserved opcode", protocolError, rawFrame(0x83, "hello")],
  ["a reserved control opcode", protocolError, rawFrame(0x8b)],
  ["a ping of 126 bytes", protocolError, rawFrame(ping, "x".repeat(126))],
  ["a pong of 70,000 bytes", protocolError, rawFrame(pong, "x".repeat(70_000))],
  ["a ping in fragments", protocolError, rawFrame(ping & ~unfinished, "x")],
  ["a continuation frame without a start", protocolError, rawFrame(continued, "x")],
  [
    "a message within a message",
    protocolError,
    Buffer.concat([rawFrame(text & ~unfinished, "x"), rawFrame(text, "x")]),
  ],
  ["a close of one byte", protocolError, rawFrame(close, "x")],
  ["a close with a code that cannot be sent", protocolError, rawFrame(close, Buffer.from([1005 >> 8, 1005 & 0xff]))],
  ["text that is not UTF-8", 1007, rawFrame(text, Buffer.from([0xc3, 0x28]))],
  ["a close whose reason is not UTF-8", 1007, rawFrame(close, Buffer.from([1000 >> 8, 1000 & 0xff, 0xc3, 0x28]))],
  ["a length of 2^53", 1009, Buffer.from([text, 0xff, 0, 32, 0, 0, 0, 0, 0, 0])],
  ["a message one byte too long", 1009, rawFrame(binary, Buffer.alloc(10_001))],
  ["HTTP", protocolError, Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
  ["TLS", protocolError, Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])],
  ["bytes of all ones", protocolError, Buffer.alloc(100, 0xff)],
];

test("invalid frames close their connection with the right code, and do not affect other clients", async (t) => {
  const { port, undisturbed, onlyBystandersLeft } = await startRoom(t, { maxPayload: 10_000 });
  for (const path of ["/ws", webSocketQuery]) {
    for (const [name, code, bytes] of broken) {
      t.equal(await closeCodeFor(t, port, path, bytes), code, `${path.slice(0, 11)}: ${name}`);
      await undisturbed();
    }
  }
  await onlyBystandersLeft();
});

test("malformed upgrade requests are refused", async (t) => {
  const { port, undisturbed, onlyBystandersLeft } = await startRoom(t);
  for (const path of ["/ws", webSocketQuery]) {
    const good = upgradeRequest(path);
    for (const [name, request, answer] of [
      ["no key", good.replace(/Sec-WebSocket-Key.*\r\n/, ""), /^HTTP\/1.1 400/],
      ["a short key", good.replace("AAAAAAAAAAAAAAAAAAAAAA==", "AAAA"), /^HTTP\/1.1 400/],
      ["a key of another form", good.replace("AAAAAAAAAAAAAAAAAAAAAA==", "*".repeat(24)), /^HTTP\/1.1 400/],
      ["no version", good.replace("Sec-WebSocket-Version: 13\r\n", ""), /^HTTP\/1.1 4(00|26)/],
      ["version 99", good.replace("Version: 13", "Version: 99"), /^HTTP\/1.1 4(00|26)/],
      ["a POST", good.replace("GET", "POST"), /^HTTP\/1.1 405/],
      ["headers beyond 16 KB", upgradeRequest(path, `X-Long: ${"x".repeat(20_000)}\r\n`), /^HTTP\/1.1 431/],
      ["very many headers", upgradeRequest(path, "A: b\r\n".repeat(20_000)), /^HTTP\/1.1 431/],
      ["a header with a control character", upgradeRequest(path, "X: a\0b\r\n"), /^HTTP\/1.1 400/],
    ] as const) {
      const stream = await openStream(t, port, request);
      const [response] = await once(stream, "data");
      t.match(String(response), answer, `${path.slice(0, 11)}: ${name}`);
      if (!stream.closed) await once(stream, "close");
    }
  }
  await undisturbed();
  await onlyBystandersLeft();
});

test("a ping flood whose pongs are never read ends its connection", async (t) => {
  const { port, undisturbed, onlyBystandersLeft, engine } = await startRoom(t);
  for (const path of ["/ws", webSocketQuery]) {
    const stream = await openStream(t, port, upgradeRequest(path));
    stream.pause();
    const many = Buffer.concat(Array(500).fill(rawFrame(ping, "x".repeat(125))));
    let most = 0;
    while (!stream.closed && !stream.errored) {
      if (!stream.write(many)) await Promise.race([once(stream, "drain"), once(stream, "close")]).catch(() => {});
      most = Math.max(most, engine.stats().bufferedBytes);
    }
    t.ok(most < 1_000_000, `${most} bytes were held for it`);
    await undisturbed();
  }
  await onlyBystandersLeft();
});

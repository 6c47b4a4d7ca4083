// The load generators' own Socket.IO client, against a server that writes its bytes as it likes.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { messageBody, messageEvent } from "@khui/test-kit/live-message";
import { until } from "@khui/test-kit/until";
import { type Test, test } from "tap";
import { clientFrame } from "../src/frame-socket.js";
import { LiveSocket } from "../src/live-socket.js";

const upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
const roomId = "0123456789abcdef01234567";

function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), payload]);
}

const messageFrame = (seq: number) => frame(`42${JSON.stringify([messageEvent, messageBody(roomId, seq)])}`);

/** A server that answers the upgrade with `greeting`, and CONNECT; `received` is what the client sent afterwards. */
async function serve(t: Test, greeting: Buffer) {
  let peer: Socket | undefined;
  const received: Buffer[] = [];
  const server = createServer((socket) => {
    peer = socket.on("error", () => {}).setNoDelay();
    socket.once("data", () => {
      socket.write(greeting);
      socket.once("data", () => {
        socket.write(frame('40{"sid":"a"}'));
        socket.on("data", (chunk) => received.push(chunk));
      });
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    peer?.destroy();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, peer: () => peer!, received: () => Buffer.concat(received) };
}

function events() {
  const numbers: number[] = [];
  const broken: string[] = [];
  return {
    numbers,
    broken,
    onMessage: (number: number) => numbers.push(number),
    onBroken: (reason: string) => broken.push(reason),
  };
}

const greeting = Buffer.concat([Buffer.from(upgraded), frame("0{}")]);

test("messages are counted by their numbers, whole, together or byte by byte", async (t) => {
  const { url, peer } = await serve(t, greeting);
  const seen = events();
  const socket = await LiveSocket.open(url, seen);
  t.teardown(() => socket.close());
  peer().write(messageFrame(1));
  peer().write(Buffer.concat([messageFrame(2), frame('42["joined_chat",{"seq":9}]'), messageFrame(123456)]));
  for (const byte of messageFrame(7)) peer().write(Buffer.from([byte]));
  await until("all are there", () => seen.numbers.length === 4);
  t.same(seen.numbers, [1, 2, 123456, 7]);
});

test("a heartbeat is answered and counted", async (t) => {
  const { url, peer, received } = await serve(t, greeting);
  const socket = await LiveSocket.open(url, events());
  t.teardown(() => socket.close());
  peer().write(frame("2"));
  await until("it is answered", () => received().includes(clientFrame("3")));
  t.equal(socket.pings, 1);
});

test("an acknowledgement resolves, unless it has a failure", async (t) => {
  const { url, peer, received } = await serve(t, greeting);
  const socket = await LiveSocket.open(url, events());
  t.teardown(() => socket.close());
  const asked = socket.ask("join", "room");
  await until("it is asked", () => received().includes(clientFrame('420["join","room"]')));
  peer().write(frame('430[{"success":true}]'));
  t.same(await asked, { success: true });
  const refused = socket.ask("join", "room");
  peer().write(frame('430[{"success":false,"code":"not_a_participant"}]'));
  await t.rejects(refused, /not_a_participant/);
});

test("a refused upgrade rejects, and a close reports its code", async (t) => {
  const refusing = await serve(t, Buffer.from("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
  await t.rejects(LiveSocket.open(refusing.url, events()), /503/);
  const { url, peer } = await serve(t, greeting);
  const seen = events();
  await LiveSocket.open(url, seen);
  peer().write(Buffer.from([0x88, 2, 4008 >> 8, 4008 & 0xff]));
  await until("it is reported", () => seen.broken.length > 0);
  t.same(seen.broken, ["closed with 4008"]);
});

test("the message's packet has its declared length", async (t) => {
  const packet = `42${JSON.stringify([messageEvent, messageBody(roomId, 12345)])}`;
  t.equal(Buffer.byteLength(packet), 250);
});

// Sockets that are closing with unread data hold, together, as much as one open socket may.
import { openStream, rawFrame, upgradeRequest } from "@khui/test-kit/socketio/raw-stream";
import { ask, openPolling, openRaw, type Socket, start, webSocketQuery } from "@khui/test-kit/socketio/rig";
import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { ClosingConnections } from "../src/connection/closing-connections.js";

test("beyond the bound the first to close are cut, never the newest", async (t) => {
  const cut: string[] = [];
  const closing = new ClosingConnections(100);
  const connection = (name: string) => ({ cut: () => cut.push(name) });
  const [a, b, c] = [connection("a"), connection("b"), connection("c")];
  closing.add(connection("nothing left"), 0);
  closing.add(a, 60);
  closing.add(b, 40);
  t.strictSame([cut, closing.bytes], [[], 100]);
  closing.delete(a);
  closing.delete(a);
  t.equal(closing.bytes, 40);
  closing.add(c, 500);
  t.strictSame([cut, closing.bytes], [["b"], 500]);
});

test("of many unread sockets that close, what they held is dropped", async (t) => {
  const sendBudget = 2_000_000;
  const sockets: Socket[] = [];
  const { url, port, engine } = await start(t, { sendBudget }, (socket) => sockets.push(socket));
  for (let n = 0; n < 5; n += 1) {
    const stream = await openStream(t, port, upgradeRequest(webSocketQuery));
    stream.pause();
    stream.write(rawFrame(0x81, "40"));
    await ask(await openPolling(url), "POST", "40");
  }
  await until("all of them", () => sockets.length === 10);
  const reader = await openRaw(t, `${url}/ws`);
  await until("one that reads", () => sockets.length === 11);
  // In small steps, so that the kernel takes what it can.
  await until("all hold much", () => {
    for (const socket of sockets) if (socket.bufferedBytes < 1_000_000) socket.emit("flood", "x".repeat(100_000));
    return sockets.slice(0, 10).every(({ bufferedBytes }) => bufferedBytes >= 1_000_000);
  });
  for (const socket of sockets) socket.close(4000, "enough");
  t.equal(engine.sockets.size, 0);
  t.ok(engine.stats().bufferedBytes <= sendBudget, `${engine.stats().bufferedBytes} bytes`);
  await until("the close of the one that reads", () => reader.closed !== undefined);
  t.equal(reader.closed, 4000);
});

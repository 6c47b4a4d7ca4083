// Responses that are read, read slowly, or not read at all.
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { type Test, test } from "tap";
import { endWhenStalled } from "../../src/process/stalled.js";

const stallMs = 300;
const piece = Buffer.alloc(64 * 1024);

/** A client of a server that answers with `source`; `answered` resolves with how the response ended. */
async function answering(t: Test, source: () => Readable) {
  let end = (_how: "finished" | "ended") => {};
  const answered = new Promise<"finished" | "ended">((resolve) => {
    end = resolve;
  });
  const sources: Readable[] = [];
  const server = createServer((request, answer: ServerResponse) => {
    endWhenStalled(answer, request.socket, stallMs);
    answer.once("close", () => end(answer.writableFinished ? "finished" : "ended"));
    const bytes = source();
    sources.push(bytes);
    bytes.pipe(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    for (const bytes of sources) bytes.destroy();
    server.closeAllConnections();
    server.close();
  });
  const client: Socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.on("error", () => undefined);
  t.teardown(() => client.destroy());
  client.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  return { client, answered };
}

/** Far more than the kernel buffers on both sides. */
const plenty = () =>
  Readable.from(
    Array.from({ length: 800 }, () => piece),
    { objectMode: false },
  );

test("a response that is not read is ended", async (t) => {
  const { client, answered } = await answering(t, plenty);
  client.pause();
  t.equal(await answered, "ended");
});

test("a response that is read at once is not ended", async (t) => {
  const { client, answered } = await answering(t, plenty);
  client.resume();
  t.equal(await answered, "finished");
});

test("a response whose client resumes reading in time is not ended", async (t) => {
  const { client, answered } = await answering(t, plenty);
  let bytes = 0;
  // A chunk now and then: each before the stall timeout, and together for longer than it.
  client.on("data", (chunk) => {
    bytes += chunk.length;
    client.pause();
    setTimeout(() => client.resume(), bytes < 1024 * 1024 ? 10 : 0);
  });
  t.equal(await answered, "finished");
});

test("a response whose source pauses is not ended", async (t) => {
  async function* slow() {
    for (let i = 0; i < 3; i++) {
      yield piece;
      await new Promise((resolve) => setTimeout(resolve, stallMs * 2.5));
    }
  }
  const { client, answered } = await answering(t, () => Readable.from(slow(), { objectMode: false }));
  client.resume();
  t.equal(await answered, "finished");
});

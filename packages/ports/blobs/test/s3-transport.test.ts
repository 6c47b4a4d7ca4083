// The inactivity timeout: each request has its own, also on a kept-alive connection.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "tap";
import { createTransport } from "../src/s3-transport.js";

const silenceMs = 60_000;

test("a request on a kept-alive connection does not inherit the idle time before it", async (t) => {
  const server = createServer((_request, response) => response.end("here")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const transport = createTransport({ secure: false, silenceMs });
  t.teardown(async () => {
    transport.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const ask = async () => {
    const request = transport.request({ host: "127.0.0.1", port }, (response) => response.resume());
    const closed = once(request, "close");
    request.end();
    await closed;
    return request;
  };
  await ask();
  const [kept] = Object.values(transport.agent.freeSockets).flat();
  const started: number[] = [];
  if (kept) {
    const { setTimeout } = kept;
    kept.setTimeout = (ms, callback) => {
      started.push(ms);
      return setTimeout.call(kept, ms, callback);
    };
  }
  const second = await ask();
  t.equal(second.reusedSocket, true);
  t.ok(started.includes(silenceMs), "its timeout was restarted");
});

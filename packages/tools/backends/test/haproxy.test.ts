// HAProxy starts with a given configuration, restarts after a crash, and reports what is wrong with an invalid one.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "tap";
import { startHaproxy } from "../src/haproxy.js";
import { accepts, freePort } from "../src/probes.js";

test("requests pass through, also after a crash and a restart", async (t) => {
  const server = createServer((_request, response) => response.end("behind"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const port = await freePort();
  const haproxy = await startHaproxy(`
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend edge
  bind 127.0.0.1:${port}
  default_backend all
backend all
  server one 127.0.0.1:${(server.address() as AddressInfo).port}
`);
  const ask = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).text();
  t.equal(await ask(), "behind");
  await haproxy.kill();
  t.notOk(await accepts(port));
  await haproxy.restart();
  t.equal(await ask(), "behind");
  await haproxy.stop();
  t.notOk(await accepts(port));
});

test("an invalid configuration is refused with HAProxy's own messages", async (t) => {
  await t.rejects(startHaproxy("frontend x\n  bnid :1\n"), /unknown keyword 'bnid'/);
});

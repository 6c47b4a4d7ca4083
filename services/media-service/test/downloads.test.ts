// A download that is not read is ended.
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import type { Blobs } from "@khui/blobs";
import { createLocalLimits } from "@khui/limits/local";
import { createMediaLinks } from "@khui/media-links";
import { createApp, createTokens } from "@khui/service/http";
import { test } from "tap";
import { mountDelivery } from "../src/routes/delivery.js";

const size = 100 * 1024 * 1024;
/** On a loaded machine a client that reads stalls for some hundred milliseconds. */
const stallMs = 2_000;
const fileId = "0123456789abcdef01234567";

test("a client that reads nothing of its file holds neither socket nor file", async (t) => {
  const limits = createLocalLimits();
  t.teardown(() => limits.close());
  const rule = { name: "any", points: 1_000, perSeconds: 60 };
  const guard = {
    tokens: await createTokens({ secret: "a secret of the test" }),
    limits,
    rules: { perAddress: rule, perUser: rule },
  };
  const links = createMediaLinks({ secrets: ["another secret of it"], validSeconds: 86_400, publicUrl: () => "" });
  const files: Readable[] = [];
  const blobs = {
    stat: async () => ({ size, contentType: "application/octet-stream" }),
    async read() {
      const piece = Buffer.alloc(64 * 1024);
      const file = Readable.from(
        Array.from({ length: size / piece.length }, () => piece),
        { objectMode: false },
      );
      files.push(file);
      return file;
    },
  } as unknown as Blobs;
  const app = await createApp({});
  t.teardown(() => app.close());
  mountDelivery(app, guard, blobs, links, stallMs);
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  const address = links.file(fileId, "large.bin");

  const silent = connect(port, "127.0.0.1").on("error", () => undefined);
  t.teardown(() => silent.destroy());
  silent.write(`GET ${address} HTTP/1.1\r\nhost: x\r\n\r\n`);
  silent.pause();
  while (!files[0]?.destroyed) await new Promise((resolve) => setTimeout(resolve, 20));
  t.pass("the file is closed");
  while ((await connections(app.server)) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  t.pass("and so is the socket");

  const response = await fetch(`http://127.0.0.1:${port}${address}`);
  t.equal((await response.arrayBuffer()).byteLength, size, "one that is read comes whole");
});

const connections = (server: { getConnections(callback: (error: Error | null, count: number) => void): void }) =>
  new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));

// Uploading avatars: how often, and what an outage of the store leaves.
import { readdir } from "node:fs/promises";
import multipart from "@fastify/multipart";
import { type Blobs, BlobsUnavailable } from "@khui/blobs";
import { openFolderBlobs } from "@khui/blobs/folder";
import { createLocalLimits } from "@khui/limits/local";
import { createApp, createTokens } from "@khui/service/http";
import { createMetrics } from "@khui/service/telemetry";
import { folderFor } from "@khui/test-kit/files/made-files";
import { type Test, test } from "tap";
import { defaultLimits } from "../src/limits.js";
import { mountAvatars } from "../src/routes/avatars.js";
import { createAvatars } from "../src/uploads/avatars.js";
import { createReceiver } from "../src/uploads/receiver.js";
import { openScratch } from "../src/uploads/scratch.js";

/** Routes over a store in a folder; the squares of a picture are its text and their size. `over` puts something before the store. */
async function rig(t: Test, over: (blobs: Blobs) => Partial<Blobs> = () => ({})) {
  const folder = await folderFor(t);
  const real = await openFolderBlobs({ folder: `${folder.path}/store` });
  const blobs: Blobs = { ...real, ...over(real) };
  const counters = createLocalLimits();
  t.teardown(() => counters.close());
  const tokens = await createTokens({ secret: "a secret of decent length" });
  const rule = { name: "any", points: 1_000, perSeconds: 60 };
  const guard = { tokens, limits: counters, rules: { perAddress: rule, perUser: rule } };
  const limits = { ...defaultLimits, avatarsPerHour: 3 };
  const app = await createApp({});
  t.teardown(() => app.close());
  await app.register(multipart);
  const upload = createAvatars({
    blobs,
    inspection: { squares: async ({ size }, sizes) => sizes.map((side) => Buffer.from(`${size} ${side}`)) },
    scratch: await openScratch(`${folder.path}/scratch`),
    limits,
    counters,
    addressOf: (path) => `https://chat.example${path}`,
  });
  mountAvatars(app, guard, blobs, createReceiver(limits, createMetrics("test")), upload);
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return {
    stored: async () => (await readdir(`${folder.path}/store/blobs`)).sort(),
    scratch: () => readdir(`${folder.path}/scratch`),
    async post(userId: string, content: string, scope?: string) {
      const form = new FormData();
      form.append("file", new Blob([content]), "me.png");
      const token = tokens.sign({ sub: userId, ...(scope ? { scope } : {}) }, 600);
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${url}/api/v1/chat/avatars`, { method: "POST", headers, body: form });
      const body = (await response.json()) as { code?: string; data?: { avatar: string } };
      return { status: response.status, code: body.code, avatar: body.data?.avatar };
    },
    get: (address: string) => fetch(address.replace("https://chat.example", url)),
  };
}

test("a person may upload so many an hour, and an administrator any number", async (t) => {
  const { post } = await rig(t);
  for (let n = 0; n < 3; n++) t.equal((await post("ann", `${n}`)).status, 201);
  t.match(await post("ann", "3"), { status: 429, code: "rate_limited" });
  t.equal((await post("ben", "3")).status, 201);
  for (let n = 0; n < 5; n++) t.equal((await post("eve", "same", "chat:admin")).status, 201);
});

test("a store that fails leaves no address, and the next try stores what is missing", async (t) => {
  let left = 2;
  const { post, get, stored, scratch } = await rig(t, (real) => ({
    put: async (...put) => {
      if (left-- === 0) throw new BlobsUnavailable("it is down");
      await real.put(...put);
    },
  }));
  t.match(await post("ann", "a picture"), { status: 503, code: "service_unavailable" });
  t.equal((await stored()).length, 2);
  const { avatar = "" } = await post("ann", "a picture");
  t.equal((await stored()).length, 3);
  t.equal(await (await get(avatar)).text(), "9 256");
  t.same(await scratch(), []);
});

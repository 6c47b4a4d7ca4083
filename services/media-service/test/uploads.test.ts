// What becomes of an upload's file, by what messages-api answers to its message.
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { ChatError, messagesRpc, type RpcAnswer } from "@khui/contracts";
import { createLocalLimits } from "@khui/limits/local";
import { createApp, createTokens } from "@khui/service/http";
import { createMetrics } from "@khui/service/telemetry";
import { aMessage } from "@khui/test-kit/a-message";
import { folderFor } from "@khui/test-kit/files/made-files";
import { type Test, test } from "tap";
import { defaultLimits } from "../src/limits.js";
import { mountUpload } from "../src/routes/upload.js";
import type { Files } from "../src/store/files.js";
import { createReceiver } from "../src/uploads/receiver.js";
import { openScratch } from "../src/uploads/scratch.js";
import { createUploads } from "../src/uploads/uploads.js";

const fileId = "0123456789abcdef01234567";
const roomId = "0123456789abcdef01234568";

const message = aMessage({ chatRoom: roomId, type: "file", content: null });

/** Uploads a note where messages-api sends as `send` does. Resolves with the HTTP status and what was done with the file. */
async function upload(t: Test, send?: () => Promise<RpcAnswer<typeof messagesRpc.send>>) {
  const bus = createLocalBus().connect();
  t.teardown(() => bus.close());
  serveRpc(bus, messagesRpc.maySend, async () => ({ sent: null }));
  if (send) serveRpc(bus, messagesRpc.send, send);
  const limits = createLocalLimits();
  t.teardown(() => limits.close());
  const tokens = await createTokens({ secret: "a secret of decent length" });
  const rule = { name: "any", points: 1_000, perSeconds: 60 };
  const guard = { tokens, limits, rules: { perAddress: rule, perUser: rule } };
  const done: string[] = [];
  const files: Files = {
    store: async () => fileId,
    keep: async (id) => void done.push(`keep ${id}`),
    discard: async (id) => void done.push(`discard ${id}`),
    remove: async () => undefined,
    sweep: async () => undefined,
    close: async () => undefined,
  };
  const uploads = createUploads({
    bus,
    files,
    inspection: {
      inspect: async ({ path, size }) => ({ path, facts: { mimeType: "text/plain", size }, thumbnail: undefined }),
    },
    scratch: await openScratch((await folderFor(t)).path),
    limits: defaultLimits,
  });
  const app = await createApp({});
  t.teardown(() => app.close());
  await mountUpload(app, guard, createReceiver(defaultLimits, createMetrics("test")), uploads);
  const form = new FormData();
  form.append("file", new Blob(["a note"]), "note.txt");
  form.append("type", "file");
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const { status } = await fetch(`${url}/api/v1/chat/rooms/${roomId}/messages/media`, {
    method: "POST",
    headers: { authorization: `Bearer ${tokens.sign({ sub: "a" }, 600)}` },
    body: form,
  });
  return { status, done };
}

test("a message that this upload created keeps the file", async (t) => {
  t.same(await upload(t, async () => ({ message, created: true })), { status: 201, done: [`keep ${fileId}`] });
});

test("a message that an earlier upload created has its own file: this one is discarded", async (t) => {
  t.same(await upload(t, async () => ({ message, created: false })), { status: 201, done: [`discard ${fileId}`] });
});

test("a messages-api of the release before does not say which: the file is left to the sweep", async (t) => {
  t.same(await upload(t, async () => message), { status: 201, done: [] });
});

test("a refused message discards the file, and so does a messages-api that is not there", async (t) => {
  const refuse = async () => {
    throw new ChatError("media_not_allowed");
  };
  t.same(await upload(t, refuse), { status: 403, done: [`discard ${fileId}`] });
  t.same(await upload(t), { status: 503, done: [`discard ${fileId}`] });
});

test("a send whose outcome is unknown leaves the file to the sweep", async (t) => {
  const lost = async () => {
    throw new ChatError("service_unavailable");
  };
  t.same(await upload(t, lost), { status: 503, done: [] });
});

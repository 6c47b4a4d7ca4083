// Misbehaving S3 stores, simulated by a server.
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Test, test } from "tap";
import { BlobsUnavailable, UnreadableSource } from "../src/index.js";
import { connectS3Blobs } from "../src/s3.js";
import { createTransport } from "../src/s3-transport.js";

type Play = (request: IncomingMessage, response: ServerResponse) => void;

async function serving(t: Test, play: Play): Promise<string> {
  const server = createServer(play).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Blobs in a simulated store that has the bucket; `answer` handles requests for objects. */
async function blobsIn(t: Test, play: Play) {
  const endPoint = await serving(t, (request, response) => {
    if (request.method === "HEAD" && request.url === "/bucket") response.end();
    else play(request, response);
  });
  const blobs = connectS3Blobs({ endPoint, accessKey: "a", secretKey: "b", bucket: "bucket", silenceMs: 3_000 });
  t.teardown(() => blobs.close());
  return blobs;
}

async function fileForTest(t: Test, size: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "khui-s3-faults-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "file");
  await writeFile(file, "");
  await truncate(file, size);
  return file;
}

const large = 64 * 1024 * 1024;

test("a file that shrinks during a put is not read ahead, and never sent as complete", async (t) => {
  const file = await fileForTest(t, large);
  let outcome: Promise<string> | undefined;
  const blobs = await blobsIn(t, (request, response) => {
    t.equal(request.headers["content-length"], `${large}`);
    outcome = new Promise((resolve) => {
      request.once("close", () => resolve(request.complete ? "whole" : "broken off"));
    });
    request.once("end", () => response.end());
    // The server reads nothing until then, so the sender can only have read what fits into the connection's buffers.
    void truncate(file, large / 2).then(() => request.resume());
  });
  await t.rejects(blobs.put("a", { file }, "text/plain"), UnreadableSource);
  t.equal(await outcome, "broken off");
});

/** AWS signature version 4 in a query, by https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. */
function signatureOf({ method, url = "", headers }: IncomingMessage, secretKey: string): string {
  const { pathname, searchParams } = new URL(url, "http://store");
  searchParams.delete("X-Amz-Signature");
  const query = [...searchParams].map((pair) => pair.map(encodeURIComponent).join("=")).sort();
  const canonical = [method, pathname, query.join("&"), `host:${headers.host}`, "", "host", "UNSIGNED-PAYLOAD"].join(
    "\n",
  );
  const scope = searchParams.get("X-Amz-Credential")?.split("/").slice(1) ?? [];
  const digest = createHash("sha256").update(canonical).digest("hex");
  const toSign = ["AWS4-HMAC-SHA256", searchParams.get("X-Amz-Date"), scope.join("/"), digest].join("\n");
  const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  return hmac(scope.reduce<string | Buffer>(hmac, `AWS4${secretKey}`), toSign).toString("hex");
}

test("a put is signed as a strict store requires, and no key is the folder of another", async (t) => {
  const paths: string[] = [];
  const blobs = await blobsIn(t, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://store");
    t.equal(searchParams.get("X-Amz-Signature"), signatureOf(request, "b"));
    t.equal(request.headers["content-type"], "text/plain");
    paths.push(pathname);
    request.resume().once("end", () => response.end());
  });
  for (const name of ["a", "a/b"]) await blobs.put(name, { bytes: Buffer.from("x") }, "text/plain");
  const [shorter, longer] = paths;
  t.equal(paths.length, 2);
  t.notOk(longer?.startsWith(`${shorter}/`));
});

test("a ping fails while the key may look up its bucket, but not write there", async (t) => {
  const methods: string[] = [];
  let mayWrite = false;
  const blobs = await blobsIn(t, (request, response) => {
    methods.push(request.method ?? "");
    request.resume().once("end", () => {
      if (mayWrite) response.end(request.method === "POST" ? "<DeleteResult/>" : undefined);
      else response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
    });
  });
  for (const _ of [1, 2]) {
    const error = await blobs.ping().catch((error: unknown) => error);
    t.ok(error instanceof BlobsUnavailable);
    t.match(error, { cause: { message: /403 \(AccessDenied\)/ } });
  }
  mayWrite = true;
  await blobs.ping();
  methods.length = 0;
  await blobs.ping();
  t.same(methods, [], "it is not written again each time");
});

test("a refusal that arrives before the body is sent rejects the put", async (t) => {
  const file = await fileForTest(t, large);
  const blobs = await blobsIn(t, (_request, response) => {
    response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
  });
  const error = await blobs.put("a", { file }, "text/plain").catch((error: unknown) => error);
  t.ok(error instanceof BlobsUnavailable);
  t.match(error, { cause: { message: /403 \(AccessDenied\)/ } });
});

test("a store that answers with a server error is unavailable", async (t) => {
  for (const status of [500, 503, 429]) {
    const blobs = await blobsIn(t, (request, response) => {
      request.resume();
      response.writeHead(status).end("<Error><Code>SlowDown</Code></Error>");
    });
    const calls = {
      put: () => blobs.put("a", { bytes: Buffer.from("x") }, "text/plain"),
      stat: () => blobs.stat("a"),
      read: () => blobs.read("a"),
      remove: () => blobs.remove(["a"]),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await call().catch((error: unknown) => error);
      t.ok(error instanceof BlobsUnavailable, name);
      t.match(error, { cause: { message: new RegExp(`${status}`) } });
    }
  }
});

test("objects that the store did not remove are an error", async (t) => {
  const blobs = await blobsIn(t, (request, response) => {
    request.resume();
    response.end("<DeleteResult><Error><Key>a.BLOB</Key><Code>AccessDenied</Code></Error></DeleteResult>");
  });
  await t.rejects(blobs.remove(["a", "b"]), BlobsUnavailable);
});

test("a response that ignores the range is refused", async (t) => {
  const blobs = await blobsIn(t, (_request, response) => response.end("0123456789"));
  await t.rejects(blobs.read("a", { start: 3, end: 5 }), BlobsUnavailable);
});

test("a stream fails when the store stalls or disconnects", async (t) => {
  for (const then of ["silence", "break"]) {
    const blobs = await blobsIn(t, (_request, response) => {
      response.writeHead(200, { "content-length": 10 }).write("01234", () => {
        if (then === "break") response.destroy();
      });
    });
    const stream = await blobs.read("a");
    await t.rejects(stream.toArray(), then);
  }
});

test("a request on a kept-alive connection that the store had closed is retried", async (t) => {
  const used = new WeakSet<Socket>();
  let broken = 0;
  const blobs = await blobsIn(t, (request, response) => {
    if (used.has(request.socket)) {
      broken++;
      request.socket.destroy();
      return;
    }
    used.add(request.socket);
    request.resume().once("end", () => response.writeHead(200, { "content-length": 0 }).end());
  });
  for (let i = 0; i < 3; i++) {
    t.match(await blobs.stat("a"), { size: 0 });
    await blobs.put("a", { bytes: Buffer.from("x") }, "text/plain");
  }
  t.ok(broken > 0, "which the server did see");
});

test("a slow reader does not cause a timeout", async (t) => {
  const body = Buffer.alloc(large);
  const url = await serving(t, (_request, response) => response.end(body));
  const transport = createTransport({ secure: false, silenceMs: 500 });
  t.teardown(() => transport.close());
  const request = transport.request(`${url}/`, { method: "GET" });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  for (let silences = 0; silences < 2; silences++) {
    await Promise.race([once(response.socket, "timeout"), once(response, "close")]);
    t.notOk(response.destroyed, "it is still open");
  }
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) size += chunk.length;
  t.equal(size, large);
});

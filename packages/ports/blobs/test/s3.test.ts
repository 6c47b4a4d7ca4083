// Blobs in a bucket, and their behaviour while the store is unavailable.
import { randomUUID } from "node:crypto";
import { blobsConformance } from "@khui/conformance/blobs";
import { gateTo } from "@khui/test-kit/gate";
import { startS3Server } from "@khui/test-kit/servers/s3";
import { type Test, test } from "tap";
import { type Blobs, BlobsUnavailable } from "../src/index.js";
import { connectS3Blobs, type S3Settings } from "../src/s3.js";

const fail = (error: Error) => {
  throw error;
};

async function serverForTest(t: Test): Promise<S3Settings> {
  const { url, accessKey, secretKey, close } = await startS3Server();
  t.teardown(close);
  return { endPoint: url, accessKey, secretKey, bucket: `test-${randomUUID()}`, onError: fail };
}

function connected(t: Test, settings: S3Settings): Blobs {
  const blobs = connectS3Blobs(settings);
  t.teardown(() => blobs.close());
  return blobs;
}

const hello = { bytes: Buffer.from("hello") };

const everyCall = (blobs: Blobs) => ({
  put: () => blobs.put("a", hello, "text/plain"),
  stat: () => blobs.stat("a"),
  read: () => blobs.read("a"),
  remove: () => blobs.remove(["a"]),
  ping: () => blobs.ping(),
});

test("S3 blobs", async (t) => {
  const settings = await serverForTest(t);
  await blobsConformance(t, async () => connectS3Blobs(settings));
});

test("processes that start at once share the bucket that they all try to create", async (t) => {
  const settings = await serverForTest(t);
  const processes = Array.from({ length: 5 }, () => connected(t, settings));
  await Promise.all(processes.map((blobs, i) => blobs.put(`from/${i}`, hello, "text/plain")));
  for (const blobs of processes) {
    for (const i of processes.keys()) t.same(await blobs.stat(`from/${i}`), { size: 5, contentType: "text/plain" });
  }
});

test("an unreachable store is reported as unavailable, and used again once it is back", async (t) => {
  const settings = await serverForTest(t);
  const gate = await gateTo(t, settings.endPoint);
  await gate.shut();
  let report: (error: Error) => void = fail;
  const atStart = new Promise<Error>((resolve) => {
    report = resolve;
  });
  const blobs = connected(t, { ...settings, endPoint: gate.url, onError: (error) => report(error) });
  t.ok((await atStart) instanceof BlobsUnavailable, "onError is called");
  for (const away of ["at the start", "later"]) {
    for (const [name, call] of Object.entries(everyCall(blobs))) {
      const error = await call().catch((error: unknown) => error);
      t.ok(error instanceof BlobsUnavailable, `${name} ${away}`);
      t.match(error, { cause: { code: "ECONNREFUSED" } });
    }
    await gate.open();
    await blobs.ping();
    await blobs.put("a", hello, "text/plain");
    t.same(await blobs.stat("a"), { size: 5, contentType: "text/plain" });
    await gate.shut();
  }
});

test("a key that the store does not know is reported at the start, and by each call", async (t) => {
  const settings = await serverForTest(t);
  await connected(t, settings).ping();
  let report: (error: Error) => void = fail;
  const atStart = new Promise<Error>((resolve) => {
    report = resolve;
  });
  const blobs = connected(t, { ...settings, accessKey: "another", onError: (error) => report(error) });
  const refused = { name: "BlobsUnavailable", cause: { code: "AccessDenied" } };
  t.match(await atStart, refused);
  for (const [name, call] of Object.entries(everyCall(blobs))) {
    t.match(await call().catch((error: unknown) => error), refused, name);
  }
});

test("calls to a store that hangs time out", async (t) => {
  const settings = await serverForTest(t);
  const gate = await gateTo(t, settings.endPoint);
  const blobs = connected(t, { ...settings, endPoint: gate.url, silenceMs: 3_000 });
  await blobs.put("a", hello, "text/plain");
  gate.hold();
  const large = { bytes: Buffer.alloc(20 * 1024 * 1024) };
  const calls = { ...everyCall(blobs), "large put": () => blobs.put("b", large, "text/plain") };
  const outcomes = Object.entries(calls).map(async ([name, call]) => {
    const error = await call().catch((error: unknown) => error);
    t.ok(error instanceof BlobsUnavailable, name);
    t.match(error, { cause: { message: /silent for 3000 ms/ } });
  });
  await Promise.all(outcomes);
  await gate.open();
  await blobs.put("b", hello, "text/plain");
  t.same(await blobs.stat("b"), { size: 5, contentType: "text/plain" });
});

test("calls in flight end when the store is closed", async (t) => {
  const settings = await serverForTest(t);
  const gate = await gateTo(t, settings.endPoint);
  const blobs = connected(t, { ...settings, endPoint: gate.url });
  await blobs.ping();
  gate.hold();
  const calls = Object.values(everyCall(blobs)).map((call) => call().catch((error: unknown) => error));
  await blobs.close();
  for (const outcome of await Promise.all(calls)) t.ok(outcome instanceof BlobsUnavailable);
});

test("an access key that the store does not know is refused", async (t) => {
  const settings = await serverForTest(t);
  const errors: Error[] = [];
  const onError = (error: Error) => errors.push(error);
  const blobs = connected(t, { ...settings, accessKey: "stranger", onError });
  for (const [name, call] of Object.entries(everyCall(blobs))) {
    t.ok((await call().catch((error: unknown) => error)) instanceof BlobsUnavailable, name);
  }
  t.equal(errors.length, 1);
});

test("an invalid endpoint URL is refused at once", async (t) => {
  const settings = { accessKey: "a", secretKey: "b", bucket: "ccc" };
  for (const endPoint of [
    "",
    "minio",
    "minio:9000",
    "ftp://minio",
    "http://minio/path",
    "http://a:b@minio",
    "http://minio/?a",
  ]) {
    t.throws(() => connectS3Blobs({ ...settings, endPoint }), RangeError, endPoint);
  }
});

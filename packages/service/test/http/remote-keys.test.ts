// Keys behind an address: when they are fetched, and what holds while the key server is slow, wrong or away.

import { until } from "@khui/test-kit/until";
import { test } from "tap";
import { remoteKeys } from "../../src/http/remote-keys.js";
import { keyPair, keyServer } from "./key-server.js";

const [first, second] = [keyPair("k1").jwk, keyPair("k2").jwk];
const k1 = { alg: "RS256", kid: "k1" };
const k2 = { alg: "RS256", kid: "k2" };
const never = 3_600_000;
const times = { maxAgeMs: never, cooldownMs: never, retryMs: never, timeoutMs: 5_000 };

/** Asks until the answer is as expected; the test's own time limit ends it. */

test("all who need the keys at once wait for one fetch", async (t) => {
  const server = await keyServer(t, [first, second]);
  const keyOf = remoteKeys(server.url, times);
  const [a, b, unknown] = await Promise.all([keyOf(k1), keyOf(k2), keyOf({ alg: "RS256", kid: "k3" })]);
  t.match(a, /^-----BEGIN PUBLIC KEY-----/);
  t.match(b, /^-----BEGIN PUBLIC KEY-----/);
  t.not(a, b);
  t.equal(unknown, undefined);
  t.equal(await keyOf({ alg: "ES256", kid: "k1" }), undefined, "the key is for another algorithm");
  t.equal(server.asked(), 1);
});

test("a key that is new at the server is found once the cool-down is over", async (t) => {
  const server = await keyServer(t, [first]);
  const keyOf = remoteKeys(server.url, { ...times, cooldownMs: 100 });
  await keyOf(k1);
  server.serve([first, second]);
  t.equal(await keyOf(k2), undefined);
  t.equal(server.asked(), 1);
  await until("the new key is known", async () => (await keyOf(k2)) !== undefined);
  t.equal(server.asked(), 2);
});

test("old keys are used while new ones are fetched, also from a server that hangs", async (t) => {
  const server = await keyServer(t, [first]);
  const keyOf = remoteKeys(server.url, { ...times, maxAgeMs: 0, cooldownMs: 0, timeoutMs: 200 });
  const pem = await keyOf(k1);
  server.serve("silence");
  const before = performance.now();
  for (let i = 0; i < 10; i++) t.equal(await keyOf(k1), pem);
  t.ok(performance.now() - before < 200, "nobody waited for the server");
  await until("it is fetched again", () => server.asked() === 2);
  await t.rejects(keyOf(k2), "who needs a new key waits as long as a fetch may take");
  server.serve([second]);
  await until("the old key is gone", async () => (await keyOf(k1)) === undefined);
  t.ok(await keyOf(k2), "what the server has now counts");
});

test("a fetch that fails leaves the keys as they are", async (t) => {
  const server = await keyServer(t, [first]);
  const keyOf = remoteKeys(server.url, { ...times, maxAgeMs: 0, cooldownMs: 0 });
  const pem = await keyOf(k1);
  for (const answer of ["failure" as const, [], [{ kty: "oct", k: "AAAA", kid: "k2" }]]) {
    server.serve(answer);
    await t.rejects(keyOf(k2));
    t.equal(await keyOf(k1), pem);
  }
});

test("without any keys a server that fails is asked again after a shorter cool-down", async (t) => {
  const server = await keyServer(t, [first]);
  server.serve("failure");
  const keyOf = remoteKeys(server.url, { ...times, retryMs: 100 });
  await t.rejects(keyOf(k1));
  await t.rejects(keyOf(k1));
  t.equal(server.asked(), 1);
  server.serve([first]);
  await until("the key is known", () => keyOf(k1).then(Boolean, () => false));
});

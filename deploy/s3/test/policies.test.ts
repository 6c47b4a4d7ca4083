// Each service's key works in its own bucket, and has no access to another's.
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connectS3Blobs } from "@khui/blobs/s3";
import { blobsConformance } from "@khui/conformance/blobs";
import t, { type Test, test } from "tap";
import { tableUnder } from "../../security/test/page.js";
import { rootKey, startPolicedStore } from "./policed-store.js";
import { allows, policyOf } from "./policy.js";

const run = promisify(execFile);
const listed = tableUnder("S3: buckets and actions");
const buckets = new Map(listed.map(({ name, cells: [[bucket = ""] = []] }) => [name, bucket]));
const store = await startPolicedStore();
t.teardown(() => store.close());

function blobsOf(t: Test, accessKey: string, bucket: string) {
  const blobs = connectS3Blobs({ endPoint: store.url, accessKey, secretKey: "a secret", bucket });
  t.teardown(() => blobs.close());
  return blobs;
}

/** As setup.sh creates them. */
async function makeBuckets(t: Test): Promise<void> {
  for (const bucket of buckets.values()) await blobsOf(t, rootKey.accessKey, bucket).ping();
}

test("the table of docs/security.md matches the policies", (t) => {
  const objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
  for (const { name, cells } of listed) {
    const [[bucket = ""] = [], actions] = cells;
    const arn = `arn:aws:s3:::${bucket}`;
    t.same(actions, ["s3:ListBucket", ...objects]);
    t.same(policyOf(name), [
      { Effect: "Allow", Action: ["s3:ListBucket"], Resource: [arn] },
      { Effect: "Allow", Action: objects, Resource: [`${arn}/*`] },
    ]);
  }
  t.equal(buckets.size, 2);
  t.equal(new Set(buckets.values()).size, 2, "a bucket each");
  t.end();
});

test("a policy allows access to objects in its own bucket only, and no changes to the bucket", (t) => {
  const actions = ["GetObject", "PutObject", "DeleteObject", "ListBucket", "CreateBucket", "DeleteBucket"];
  const more = ["PutBucketPolicy", "ListAllMyBuckets", "GetObjectVersion", "BypassGovernanceRetention", "*"];
  for (const [service, bucket] of buckets) {
    const policy = policyOf(service);
    for (const action of [...actions, ...more].map((name) => `s3:${name}`)) {
      const ofObjects = /^s3:(Get|Put|Delete)Object$/.test(action);
      t.equal(allows(policy, action, `arn:aws:s3:::${bucket}/stickers/x.BLOB`), ofObjects, `${service} ${action}`);
      t.equal(allows(policy, action, `arn:aws:s3:::${bucket}`), action === "s3:ListBucket", `${service} ${action}`);
      for (const other of [...buckets.values(), `${bucket}x`, "x", "*"].filter((name) => name !== bucket)) {
        t.notOk(allows(policy, action, `arn:aws:s3:::${other}`), `${service} ${action} ${other}`);
        t.notOk(allows(policy, action, `arn:aws:s3:::${other}/x`), `${service} ${action} ${other}`);
      }
    }
    for (const action of ["iam:CreateUser", "admin:CreateUser", "sts:AssumeRole"]) {
      t.notOk(allows(policy, action, "*"), `${service} ${action}`);
    }
  }
  t.end();
});

for (const [service, bucket] of buckets) {
  test(`${service} passes the conformance suite with what its policy allows`, async (t) => {
    await makeBuckets(t);
    await blobsConformance(t, async () =>
      connectS3Blobs({ endPoint: store.url, accessKey: service, secretKey: "a secret", bucket }),
    );
  });

  test(`${service} cannot read, write or delete in another's bucket`, async (t) => {
    await makeBuckets(t);
    for (const [owner, other] of buckets) {
      if (owner === service) continue;
      const theirs = blobsOf(t, owner, other);
      await theirs.put("kept", { bytes: Buffer.from("theirs") }, "text/plain");
      const intruder = blobsOf(t, service, other);
      const attempts = {
        ping: () => intruder.ping(),
        stat: async () => void (await intruder.stat("kept")),
        read: async () => void (await intruder.read("kept")),
        put: () => intruder.put("kept", { bytes: Buffer.from("mine") }, "text/plain"),
        remove: () => intruder.remove(["kept"]),
      };
      for (const [what, attempt] of Object.entries(attempts)) {
        await t.rejects(attempt(), { name: "BlobsUnavailable" }, `${what} in ${other}`);
      }
      // The adapter checks for its bucket first; requests without that check are refused too.
      for (const path of [`/${other}/kept.BLOB`, `/${other}?list-type=2`, "/"]) {
        t.equal((await signed("GET", path, service)).status, 403, path);
      }
      t.equal((await signed("DELETE", `/${other}/kept.BLOB`, service)).status, 403);
      t.equal((await signed("PUT", `/${other}/kept.BLOB`, service)).status, 403);
      t.equal((await signed("POST", `/${other}?delete`, service, "<Key>kept.BLOB</Key>")).status, 403);
      t.equal((await theirs.stat("kept"))?.size, 6, "it is as it was");
    }
  });
}

/** The proxy checks only which key signed a request, not the signature. */
function signed(method: string, path: string, user: string, body?: string): Promise<Response> {
  const authorization = `AWS4-HMAC-SHA256 Credential=${user}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0`;
  return fetch(`${store.url}${path}`, { method, headers: { authorization }, ...(body ? { body } : {}) });
}

test("the setup gives each user its bucket, policy and secret, and no secret appears in a process list", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "khui-setup-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  // In place of MinIO's client: records its arguments and its standard input.
  const client = '#!/bin/sh\necho "$@" >> "$RECORD"\ncase "$*" in *"user add"*) sed "s/^/< /" >> "$RECORD" ;; esac\n';
  writeFileSync(join(folder, "mc"), client);
  chmodSync(join(folder, "mc"), 0o755);
  const script = fileURLToPath(new URL("../setup.sh", import.meta.url));
  const record = join(folder, "record");
  const env = { PATH: [folder, process.env.PATH].join(delimiter), RECORD: record };
  const secrets = { S3_MEDIA_SERVICE_SECRET_KEY: "one secret", S3_STICKER_SERVICE_SECRET_KEY: "another" };
  await run("sh", [script], { env: { ...env, ...secrets } });
  const policies = script.replace("setup.sh", "");
  const expected = [...buckets].flatMap(([service, bucket], index) => [
    `mb --ignore-existing root/${bucket}`,
    `admin policy create root ${service} ${policies}${service}.json`,
    `admin user add root ${service}`,
    `< ${Object.values(secrets)[index]}`,
    `admin policy attach root ${service} --user ${service}`,
  ]);
  t.same(readFileSync(record, "utf8").trim().split("\n"), expected);
  await t.rejects(run("sh", [script], { env }), /is not set/);
});

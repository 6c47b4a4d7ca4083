// What fill-env.sh does with .env.example: generates secrets and a key pair for tokens, and keeps values of an earlier version.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTokens, keysFrom } from "@khui/service/http";
import { type Test, test } from "tap";
import { compose, environmentFile, fill, root } from "./compose-file.js";

const privateKey = "jwt-private-key.pem";

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "khui-env-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What Compose gives a service to verify tokens with. */
const keysOf = (variables: Record<string, string>) =>
  keysFrom(compose(variables).services["rooms-api"]?.environment ?? {});

test("services get the public key and accept what the application signs with the private one", async (t) => {
  const folder = folderOf(t);
  const variables = environmentFile(fill(folder));
  t.equal(statSync(join(folder, privateKey)).mode & 0o777, 0o600);
  const tokens = await createTokens(keysOf(variables));
  const script = `${root}deploy/docker/sign-token.mjs`;
  const token = execFileSync("node", [script, "alice", "Alice"], { cwd: folder, encoding: "utf8" }).trim();
  t.match(await tokens.verify(token), { userId: "alice", name: "Alice", admin: false });
  t.throws(() => tokens.sign({ sub: "alice" }, 60), /only a shared secret can sign/);
  const secret = readFileSync(join(folder, privateKey), "utf8").split("\n")[1]!;
  t.notOk(JSON.stringify(compose(variables)).includes(secret), "nothing of Compose has it");
  t.equal(environmentFile(fill(folder)).JWT_PUBLIC_KEY, variables.JWT_PUBLIC_KEY, "the pair that is there is kept");
  const another = await createTokens(keysOf(environmentFile(fill(folderOf(t)))));
  await t.rejects(another.verify(token), { code: "invalid_token" });
});

test("no key pair is generated if another key is set, since services accept only one kind", (t) => {
  const given = [
    ["JWT_JWKS_URL", "https://example.com/jwks.json"],
    ["JWT_SECRET", "a secret of sixteen or more"],
  ] as const;
  for (const [name, value] of given) {
    const folder = folderOf(t);
    const variables = environmentFile(fill(folder, [`${name}=${value}`]));
    t.equal(variables.JWT_PUBLIC_KEY, "", name);
    t.equal(variables[name], value);
    t.match(variables.MEDIA_URL_SECRET, /^[0-9a-f]{48}$/);
    t.notOk(existsSync(join(folder, privateKey)), name);
    t.doesNotThrow(() => keysOf(variables));
  }
  t.ok(existsSync(join(pairOf(t, ["JWT_JWKS_URL="]), privateKey)), "an empty one is none");
  t.end();
});

function pairOf(t: Test, added: readonly string[]): string {
  const folder = folderOf(t);
  fill(folder, added);
  return folder;
}

test("values of an earlier version's file are kept, and new ones are filled in", (t) => {
  const folder = folderOf(t);
  const earlier = join(folder, ".env");
  const had = [
    "# mine",
    "JWT_SECRET=its secret of sixteen",
    "POSTGRES_PASSWORD=x=y",
    "REDIS_PASSWORD=",
    "S3_SECRET_KEY=z",
  ];
  writeFileSync(earlier, [...had, 'PUBLIC_URL="https://chat.example.com"', "LIMIT_PER_USER=7", ""].join("\n"));
  const variables = environmentFile(fill(folder, [], [earlier]));
  t.match(variables, {
    JWT_SECRET: "its secret of sixteen",
    JWT_PUBLIC_KEY: "",
    POSTGRES_PASSWORD: "x=y",
    REDIS_PASSWORD: /^[0-9a-f]{48}$/,
    REDIS_ROOMS_API_PASSWORD: /^[0-9a-f]{48}$/,
    S3_SECRET_KEY: "z",
    PUBLIC_URL: "https://chat.example.com",
    EDGE_PORT: "3101",
    LIMIT_PER_USER: "7",
  });
  t.doesNotThrow(() => compose(variables));
  writeFileSync(earlier, 'JWT_PUBLIC_KEY="-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"\n');
  t.throws(() => fill(folder, [], [earlier]), /neither a comment nor NAME=value/, "no half of a value is kept");
  t.end();
});

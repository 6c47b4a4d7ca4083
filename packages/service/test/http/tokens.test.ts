// Which tokens are accepted, by each kind of key.
import { createHmac, createPublicKey, createSign, generateKeyPairSync, type KeyObject } from "node:crypto";
import { ChatError } from "@khui/contracts";
import { type Test, test } from "tap";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import {
  createTokens,
  keyEnvironment,
  keysFrom,
  processEnvironment,
  type TokenRules,
  type Tokens,
  tokenRulesFrom,
} from "../../src/http/index.js";
import { readEnvironment } from "../../src/process/index.js";
import { keyPair, keyServer } from "./key-server.js";

const secret = "a secret of decent length";
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const later = () => Math.floor(Date.now() / 1000) + 600;

const codeOf = (tokens: Tokens, token: string) =>
  tokens.verify(token).then(
    () => "accepted",
    (error: unknown) => (error instanceof ChatError ? error.code : error),
  );

/** Unlike `tokens.sign`, with whatever the claims are. */
function signHs256(claims: object | string, key = secret): string {
  const body = typeof claims === "string" ? Buffer.from(claims).toString("base64url") : part(claims);
  const input = `${part({ alg: "HS256", typ: "JWT" })}.${body}`;
  return `${input}.${createHmac("sha256", key).update(input).digest("base64url")}`;
}

function signRs256(key: KeyObject, claims: object, header: object = {}): string {
  const text = `${part({ alg: "RS256", typ: "JWT", ...header })}.${part(claims)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(key, "base64url")}`;
}

test("a token identifies its bearer", async (t) => {
  const tokens = await createTokens({ secret });
  const identity = await tokens.verify(
    tokens.sign({ sub: "u1", name: "สมชาย", picture: "http://a/b.png", scope: "read chat:admin" }, 60),
  );
  t.match(identity, { userId: "u1", name: "สมชาย", avatar: "http://a/b.png", admin: true });
  t.ok(Math.abs((identity.expiresAt ?? 0) - Date.now() - 60_000) < 5_000, "the end is in milliseconds");
});

test("the user id is sub, else userId, id or _id, and a number is converted to its digits", async (t) => {
  const tokens = await createTokens({ secret });
  const userOf = async (claims: Record<string, unknown>) => (await tokens.verify(tokens.sign(claims, 60))).userId;
  t.equal(await userOf({ sub: "a", userId: "b" }), "a");
  t.equal(await userOf({ userId: "b", id: "c" }), "b");
  t.equal(await userOf({ id: 42 }), "42");
  t.equal(await userOf({ _id: "d" }), "d");
  for (const claims of [{}, { sub: "" }, { sub: "x".repeat(129) }, { sub: { a: 1 } }, { sub: "a\0b" }]) {
    t.equal(await codeOf(tokens, tokens.sign(claims, 60)), "invalid_token", JSON.stringify(claims));
  }
});

test("a number that is not exact is no user id: others would have the same digits", async (t) => {
  const tokens = await createTokens({ secret });
  for (const id of ["9007199254740993", "1e400", "1.5", "1e21"]) {
    t.equal(await codeOf(tokens, signHs256(`{"id":${id}}`)), "invalid_token", id);
  }
});

/** A signer of each kind of key, and what verifies its tokens. */
async function everyKind(t: Test) {
  const { jwk, privateKey } = keyPair("k1");
  const server = await keyServer(t, [jwk]);
  const pem = createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
  const byKey = (claims: object) => signRs256(privateKey, claims, { kid: "k1" });
  return [
    { kind: "secret", keys: { secret }, sign: (claims: object) => signHs256(claims) },
    { kind: "public key", keys: { publicKey: pem }, sign: byKey },
    { kind: "JWKS", keys: { jwksUrl: server.url }, sign: byKey },
  ];
}

test("times are read alike with every kind of key, up to 30 s ahead, and what is no time is refused", async (t) => {
  const now = Math.floor(Date.now() / 1000);
  const cases: Array<[object, string]> = [
    [{ nbf: now + 25, iat: now + 25 }, "accepted"],
    [{ nbf: now + 60 }, "invalid_token"],
    [{ iat: now + 60 }, "invalid_token"],
    [{ nbf: 9_999_999_999_999 }, "invalid_token"],
    [{ iat: 9_999_999_999_999 }, "invalid_token"],
    [{ nbf: -9_999_999_999_999, iat: -1 }, "accepted"],
    [{ nbf: now - 0.5, iat: now - 0.5, exp: now + 60.5 }, "accepted"],
    [{ exp: now - 1 }, "token_expired"],
    [{ exp: -1 }, "token_expired"],
    [{ exp: -9_999_999_999_999 }, "token_expired"],
    [{ exp: 9_999_999_999_999 }, "accepted"],
    [{ exp: Number.MAX_VALUE }, "accepted"],
    ...["exp", "nbf", "iat"].flatMap((claim) =>
      [`${now}`, "", null, true, [now], {}].map((value): [object, string] => [{ [claim]: value }, "invalid_token"]),
    ),
  ];
  for (const { kind, keys, sign } of await everyKind(t)) {
    const tokens = await createTokens(keys);
    for (const [claims, code] of cases) {
      t.equal(await codeOf(tokens, sign({ sub: "u", ...claims })), code, `${kind}: ${JSON.stringify(claims)}`);
    }
  }
});

test("the times of an identity are dates, or null", async (t) => {
  const tokens = await createTokens({ secret });
  const timesOf = async (claims: string) => {
    const { issuedAt, expiresAt } = await tokens.verify(signHs256(`{"sub":"u",${claims}}`));
    return [issuedAt, expiresAt];
  };
  t.strictSame(await timesOf('"name":"no times"'), [null, null]);
  t.strictSame(await timesOf('"iat":1700000000.0049,"exp":253402300799.5'), [1_700_000_000_004, 253_402_300_799_500]);
  for (const exp of ["253402300800", "8640000000000", "8640000000001", "9999999999999", "1e308", "1e400"]) {
    t.strictSame(await timesOf(`"iat":-5,"exp":${exp}`), [0, null], `${exp}: without end`);
  }
});

test("aud, iss and a longest lifetime are demanded where they are set, with every kind of key", async (t) => {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + 600 };
  const schema = Type.Object(processEnvironment);
  const read = (source: Record<string, string>) => tokenRulesFrom(readEnvironment(schema, source));
  const audience = read({ JWT_AUDIENCE: "chat, chat-test" });
  const issuer = read({ JWT_ISSUER: "https://a.example,https://b.example" });
  const maxAge = read({ JWT_MAX_AGE: "600" });
  const cases: Array<[TokenRules, object, string]> = [
    [{}, {}, "accepted"],
    [audience, { aud: "chat" }, "accepted"],
    [audience, { aud: ["mail", "chat-test"] }, "accepted"],
    [audience, { aud: "mail" }, "invalid_token"],
    [audience, { aud: ["chat", 7] }, "invalid_token"],
    [audience, { aud: [] }, "invalid_token"],
    [audience, {}, "invalid_token"],
    [issuer, { iss: "https://b.example" }, "accepted"],
    [issuer, { iss: "https://b.example/" }, "invalid_token"],
    [issuer, { iss: ["https://b.example"] }, "invalid_token"],
    [issuer, {}, "invalid_token"],
    [maxAge, times, "accepted"],
    [maxAge, { ...times, exp: now + 601 }, "invalid_token"],
    [maxAge, { ...times, exp: 9_999_999_999_999 }, "invalid_token"],
    [maxAge, { iat: now }, "invalid_token"],
    [maxAge, { exp: now + 60 }, "invalid_token"],
    [maxAge, { iat: now - 700, exp: now - 100 }, "token_expired"],
    [{ ...audience, ...issuer, ...maxAge }, { aud: "chat", iss: "https://a.example", ...times }, "accepted"],
  ];
  for (const { kind, keys, sign } of await everyKind(t)) {
    for (const [rules, claims, code] of cases) {
      const tokens = await createTokens(keys, rules);
      const what = `${kind}: ${JSON.stringify(claims)} by ${JSON.stringify(rules)}`;
      t.equal(await codeOf(tokens, sign({ sub: "u", ...claims })), code, what);
    }
  }
  const all = await createTokens({ secret }, { ...audience, ...issuer, ...maxAge });
  t.equal(await codeOf(all, all.sign({ sub: "u" }, 86_400)), "accepted", "what is signed here follows the rules");
  t.throws(() => read({ JWT_MAX_AGE: "0" }));
  t.throws(() => read({ JWT_AUDIENCE: "chat,," }));
});

test("a long name is cut between characters, and an address that is too long is dropped", async (t) => {
  const tokens = await createTokens({ secret });
  const shown = async (claims: object) => {
    const { name, avatar } = await tokens.verify(signHs256({ sub: "u", ...claims }));
    return { name, avatar };
  };
  const family = "👨‍👩‍👧‍👦";
  for (const [name, cut] of [
    ["n".repeat(201), "n".repeat(200)],
    ["😀".repeat(150), "😀".repeat(100)],
    [`n${"😀".repeat(150)}`, `n${"😀".repeat(99)}`],
    ["ที่".repeat(100), "ที่".repeat(66)],
    [family.repeat(40), family.repeat(18)],
    [`x${"\u0301".repeat(500)}`, `x${"\u0301".repeat(199)}`],
    [`😀${"\u0301".repeat(197)}${"\u{1d167}".repeat(9)}`, `😀${"\u0301".repeat(197)}`],
  ] as const) {
    t.equal((await shown({ name })).name, cut);
  }
  const address = (length: number) => `https://example.com/${"a".repeat(length - 20)}`;
  t.equal((await shown({ avatar: address(2048) })).avatar, address(2048));
  t.strictSame(await shown({ name: "N", avatar: address(2049) }), { name: "N", avatar: undefined });
});

test("invalid names are dropped, and the token is still accepted", async (t) => {
  const tokens = await createTokens({ secret });
  const identity = await tokens.verify(tokens.sign({ sub: "u", name: { first: "x" }, avatar: "a\0b", scope: 7 }, 60));
  t.match(identity, { name: undefined, avatar: undefined, admin: false });
});

test("forged, unsigned and expired tokens are refused", async (t) => {
  const tokens = await createTokens({ secret });
  const other = await createTokens({ secret: "another secret altogether" });
  const claims = { sub: "u", exp: later() };
  t.equal(await codeOf(tokens, other.sign({ sub: "u" }, 60)), "invalid_token");
  t.equal(await codeOf(tokens, `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.`), "invalid_token");
  t.equal(await codeOf(tokens, "garbage"), "invalid_token");
  t.equal(await codeOf(tokens, "a.b.c"), "invalid_token");
  t.equal(await codeOf(tokens, tokens.sign({ sub: "u" }, -10)), "token_expired");
});

test("with a public key only tokens of its private key are accepted, and its text is not a shared secret", async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const tokens = await createTokens({ publicKey: pem });
  t.equal((await tokens.verify(signRs256(privateKey, { sub: "u", exp: later() }))).userId, "u");
  const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  t.equal(await codeOf(tokens, signRs256(stranger, { sub: "u" })), "invalid_token");
  const input = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: "u", exp: later() })}`;
  const forged = `${input}.${createHmac("sha256", pem).update(input).digest("base64url")}`;
  t.equal(await codeOf(tokens, forged), "invalid_token");
  await t.rejects(createTokens({ secret: pem }), "nor can it be given for one");
  t.throws(() => tokens.sign({ sub: "u" }, 60), "a public key signs nothing");
});

test("while a secret is replaced, tokens of the old and the new one are accepted, and the first signs", async (t) => {
  const [before, after, never] = ["the secret of last year", "the secret of this year", "the secret of nobody"];
  const tokens = await createTokens(keysFrom({ JWT_SECRET: `${after},${before}` }));
  const by = async (key: string, seconds = 60) => (await createTokens({ secret: key })).sign({ sub: "u" }, seconds);
  t.equal(await codeOf(tokens, await by(before)), "accepted");
  t.equal(await codeOf(tokens, await by(after)), "accepted");
  t.equal(await codeOf(tokens, await by(never)), "invalid_token");
  t.equal(await codeOf(tokens, await by(`${after},${before}`)), "invalid_token", "the list is no secret itself");
  t.equal(await codeOf(tokens, await by(before, -10)), "token_expired");
  t.equal(await codeOf(tokens, await by(after, -10)), "token_expired");
  t.equal(await codeOf(await createTokens({ secret: after }), tokens.sign({ sub: "u" }, 60)), "accepted");
});

test("each of several secrets must be long enough", async (t) => {
  const setting = Compile(keyEnvironment.JWT_SECRET);
  t.ok(setting.Check("a secret of decent length"));
  t.ok(setting.Check("a secret of decent length,another of sixteen"));
  for (const text of ["too short", "a secret of decent length,short", "a secret of decent length,"]) {
    t.notOk(setting.Check(text), text);
  }
  await t.rejects(createTokens({ secret: [] }), TypeError);
});

test("several public keys may be given one after another, and anything else is refused", async (t) => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = ({ publicKey }: { publicKey: KeyObject }) => publicKey.export({ type: "spki", format: "pem" }).toString();
  for (const text of [`${pem(rsa)}${pem(other)}`, `${pem(rsa)}\n${pem(other)}`.replaceAll("\n", "\\n")]) {
    const tokens = await createTokens(keysFrom({ JWT_PUBLIC_KEY: text }));
    for (const { privateKey } of [rsa, other]) {
      t.equal(await codeOf(tokens, signRs256(privateKey, { sub: "u", exp: later() })), "accepted");
    }
    t.equal(await codeOf(tokens, signRs256(other.privateKey, { sub: "u", exp: 1 })), "token_expired");
    const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    t.equal(await codeOf(tokens, signRs256(stranger, { sub: "u" })), "invalid_token");
    t.throws(() => tokens.sign({ sub: "u" }, 60));
  }
  const half = pem(other).slice(0, -30);
  t.throws(() => keysFrom({ JWT_PUBLIC_KEY: `${pem(rsa)}${half}` }), /not a PEM key/);
  t.throws(() => keysFrom({ JWT_PUBLIC_KEY: "hello" }), /not a PEM key/);
});

test("with a JWKS address the key is the one that the token names", async (t) => {
  const { jwk, privateKey } = keyPair("k1");
  const server = await keyServer(t, [jwk]);
  const tokens = await createTokens({ jwksUrl: server.url });
  t.equal((await tokens.verify(signRs256(privateKey, { sub: "u", exp: later() }, { kid: "k1" }))).userId, "u");
  t.equal(await codeOf(tokens, signRs256(privateKey, { sub: "u" }, { kid: "unknown" })), "invalid_token");
  t.equal(await codeOf(tokens, `${part({ alg: "none" })}.${part({ sub: "u" })}.`), "invalid_token");
  t.equal(await codeOf(tokens, "garbage"), "invalid_token");
  await server.close();
  const away = await createTokens({ jwksUrl: server.url });
  t.equal(await codeOf(away, signRs256(privateKey, { sub: "u" }, { kid: "k1" })), "service_unavailable");
});

test("tokens that name unknown keys cause no fetches, and do not displace known keys", async (t) => {
  const { jwk, privateKey } = keyPair("k1");
  const server = await keyServer(t, [jwk]);
  const tokens = await createTokens({ jwksUrl: server.url });
  const good = signRs256(privateKey, { sub: "u", exp: later() }, { kid: "k1" });
  t.equal(await codeOf(tokens, good), "accepted");
  for (let i = 0; i < 500; i++) {
    t.equal(
      await codeOf(tokens, `${part({ alg: "RS256", kid: `k${i + 2}` })}.${part({ sub: "u" })}.AAAA`),
      "invalid_token",
    );
  }
  t.equal(await codeOf(tokens, good), "accepted");
  t.equal(server.asked(), 1);
});

// Signs a token for trying Khui out, valid for a day, with the private key from fill-env.sh: node deploy/docker/sign-token.mjs alice Alice
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";

const [sub, name = sub, file = "jwt-private-key.pem"] = process.argv.slice(2);
if (sub === undefined) {
  console.error("usage: node sign-token.mjs USER_ID [NAME [PRIVATE_KEY_FILE]]");
  process.exit(2);
}
const now = Math.floor(Date.now() / 1000);
const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
const signed = `${encode({ alg: "ES256", typ: "JWT" })}.${encode({ sub, name, iat: now, exp: now + 86_400 })}`;
const key = { key: createPrivateKey(readFileSync(file)), dsaEncoding: "ieee-p1363" };
console.log(`${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`);

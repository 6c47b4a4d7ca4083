// A JWKS server for tests.
import { generateKeyPairSync, type JsonWebKey, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";

export function keyPair(kid: string): { jwk: JsonWebKey; privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { jwk: { ...publicKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" }, privateKey };
}

/** Serves what was last passed to `serve`: keys, another text with status 500, or nothing at all while the request hangs. */
export async function keyServer(t: Test, keys: JsonWebKey[]) {
  let served: JsonWebKey[] | "failure" | "silence" = keys;
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    if (served === "silence") return;
    if (served === "failure") response.writeHead(500).end("sorry");
    else response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: served }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  t.teardown(close);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys/jwks.json`,
    asked: () => asked,
    serve: (what: typeof served) => {
      served = what;
    },
    close,
  };
}

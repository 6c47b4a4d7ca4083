// Local requests only: development tokens, metrics and readiness, and who is refused.
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { createApp, createTokens, keepLocal, mountHealth } from "@khui/service/http";
import { test } from "tap";
import { mountDevelopmentSignIn } from "../src/development.js";

const tokens = await createTokens({ secret: "a secret of decent length" });
const app = await createApp({});
mountDevelopmentSignIn(app, tokens);
mountHealth(app, new Map(), async () => undefined);
app.get("/metrics", async () => "khui_up 1");
keepLocal(app, "/metrics", "/readyz");
await app.listen({ port: 0, host: "127.0.0.1" });
const { port } = app.server.address() as AddressInfo;

// Forwards bytes unchanged, as `socat` and `ssh -R` do.
const forwarder = createServer({ allowHalfOpen: true }, (from) => {
  const to = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  from.pipe(to).on("error", () => from.destroy());
  to.pipe(from).on("error", () => to.destroy());
}).listen(0, "127.0.0.1");
await once(forwarder, "listening");
const forwarded = (forwarder.address() as AddressInfo).port;

test("from here", { autoend: false }, async (t) => {
  t.teardown(() => Promise.all([app.close(), new Promise((closed) => forwarder.close(closed))]));

  /** Status and body of one request, its lines sent as they are. */
  async function ask(to: number, line: string, headers: Record<string, string>, body = "") {
    const socket = connect(to, "127.0.0.1");
    const lines = Object.entries({ connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}`);
    socket.end([line, ...lines, "", body].join("\r\n"));
    const answer = (await socket.toArray()).join("");
    return { status: Number(answer.split(" ")[1]), body: answer.slice(answer.indexOf("{")) };
  }
  const signIn = (headers: Record<string, string>, { to = port, version = "1.1", admin = false } = {}) => {
    const body = JSON.stringify({ userId: "carol", ...(admin ? { admin } : {}) });
    const all = { host: `localhost:${port}`, "content-type": "application/json", "content-length": `${body.length}` };
    return ask(to, `POST /dev/token HTTP/${version}`, { ...all, ...headers }, body);
  };
  /** Requests that were not made on this machine, or cannot be distinguished from those. */
  const passedOn: Array<[string, Record<string, string>, { to?: number; version?: string }?]> = [
    ["another name for this machine", { host: "evil.com" }],
    ["a name that begins like ours", { host: "localhost.evil.com" }],
    ["a name that ends like ours", { host: "evil.localhost" }],
    ["a name of another machine", { host: `192.0.2.1:${port}` }],
    ["socat", { host: "evil.com:8080" }, { to: forwarded }],
    ["ssh -R", { host: "tunnel.example" }, { to: forwarded }],
    ["nginx with no settings", {}, { version: "1.0" }],
    ["a proxy that says so", { via: "1.1 proxy" }],
    ["RFC 7239", { forwarded: "for=192.0.2.1" }],
    ["X-Forwarded-For", { "x-forwarded-for": "127.0.0.1" }],
    ["X-Forwarded-Proto alone", { "x-forwarded-proto": "https" }],
    ["X-Forwarded-Host alone", { "x-forwarded-host": "localhost" }],
    ["X-Real-IP", { "x-real-ip": "127.0.0.1" }],
  ];

  await t.test("tokens are issued to requests of this machine only", async (t) => {
    for (const host of [`localhost:${port}`, "localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]", `[::1]:${port}`]) {
      t.equal((await signIn({ host })).status, 200, host);
    }
    for (const [what, headers, how] of passedOn) t.equal((await signIn(headers, how)).status, 404, what);
  });

  await t.test("a page gets tokens only if it is served here, and never an admin's", async (t) => {
    const own = { origin: `http://localhost:${port}`, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" };
    t.equal((await signIn(own)).status, 200);
    t.equal((await signIn(own, { admin: true })).status, 403);
    t.equal((await signIn({ origin: own.origin }, { admin: true })).status, 403);
    t.equal((await signIn({ "sec-fetch-site": "same-origin" }, { admin: true })).status, 403);
    const foreign: Record<string, string>[] = [
      { origin: "http://evil.com" },
      { origin: "http://localhost:5173" },
      { origin: "null" },
      { origin: `https://localhost:${port}` },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { ...own, "sec-fetch-site": "cross-site" },
    ];
    for (const headers of foreign) t.equal((await signIn(headers)).status, 404, JSON.stringify(headers));
  });

  await t.test("a local program gets an admin's token, Node's fetch too", async (t) => {
    const response = await fetch(`http://127.0.0.1:${port}/dev/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ userId: "importer", admin: true }),
    });
    const { token } = (await response.json()) as { token: string };
    t.match(await tokens.verify(token), { userId: "importer", admin: true });
  });

  await t.test("metrics and readiness are served to this machine only, liveness to all", async (t) => {
    const get = (path: string, headers: Record<string, string>, { to = port, version = "1.1" } = {}) =>
      ask(to, `GET ${path} HTTP/${version}`, { host: `localhost:${port}`, ...headers });
    for (const path of ["/metrics", "/readyz"]) {
      t.equal((await get(path, {})).status, 200, path);
      for (const [what, headers, how] of passedOn)
        t.equal((await get(path, headers, how)).status, 404, `${path} ${what}`);
      t.equal(
        (await app.inject({ url: path, remoteAddress: "192.0.2.1", headers: { host: "localhost" } })).statusCode,
        404,
      );
    }
    t.equal((await get("/healthz", { host: "evil.com" })).status, 200);
  });
  t.end();
});

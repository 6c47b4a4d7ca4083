// Authentication: tokens, their claims, and the format of errors.
import { routes } from "@khui/contracts";
import { bearer, good, json, rawRequest, refused, unknownId } from "@khui/test-kit/rest-answers";
import { privateRoom, useSystem } from "@khui/test-kit/system";
import t from "tap";

const system = await useSystem(t);

/** Every route with ids filled in. */
const everyRoute = Object.values(routes).map(({ method, url }) => ({
  method,
  path: url.replace("/api/v1/chat", "").replace(/:\w+/, unknownId()),
}));
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = Math.floor(Date.now() / 1000);
const valid = system.sign({ sub: "someone" });
const [header, payload, signature] = valid.split(".") as [string, string, string];

t.test("every route requires a token before anything else", async (t) => {
  for (const { method, path } of everyRoute) {
    refused(t, await rawRequest(system, method, path), "unauthorized");
    refused(t, await rawRequest(system, method, path, { authorization: "Bearer garbage" }), "invalid_token");
    const expired = { authorization: `Bearer ${system.sign({ sub: "someone" }, -10)}` };
    refused(t, await rawRequest(system, method, path, expired, undefined), "token_expired");
  }
});

t.test("a header without a bearer token does not authenticate", async (t) => {
  for (const authorization of ["", "Bearer", "Bearer ", valid, `Basic ${valid}`, `Bearer ${valid} x`, "Bearer a b"]) {
    refused(t, await rawRequest(system, "GET", "/rooms", { authorization }), "unauthorized");
  }
  const { token } = system.newUser();
  good(t, routes.listRooms, await rawRequest(system, "GET", "/rooms", { authorization: `bearer ${token}` }));
});

t.test("a token that the host application did not sign is refused", async (t) => {
  const changed = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  const forged: Record<string, string> = {
    "no JWT": "garbage",
    "dots only": "..",
    "three words": "a.b.c",
    "broken base64": `${header}.%%%.${signature}`,
    "wrong signature": `${header}.${payload}.${changed}`,
    "no signature": `${header}.${payload}.`,
    "other claims": `${header}.${part({ sub: "admin", scope: "chat:admin", exp: now + 60 })}.${signature}`,
    "alg none": `${part({ alg: "none", typ: "JWT" })}.${payload}.`,
    "alg none with a signature": `${part({ alg: "none", typ: "JWT" })}.${payload}.${signature}`,
    "alg None": `${part({ alg: "None", typ: "JWT" })}.${payload}.`,
    "another algorithm": `${part({ alg: "HS512", typ: "JWT" })}.${payload}.${signature}`,
    "no algorithm": `${part({ typ: "JWT" })}.${payload}.${signature}`,
    "a header that is no object": `${part(null)}.${payload}.${signature}`,
    "a very long one": "a".repeat(12_000),
  };
  for (const [what, token] of Object.entries(forged)) {
    const headers = { authorization: `Bearer ${token}` };
    refused(t, await rawRequest(system, "GET", "/rooms", headers), "invalid_token", what);
  }
});

t.test("a token must contain a valid user id", async (t) => {
  const claims: Record<string, unknown>[] = [
    {},
    { name: "Nobody" },
    { sub: "" },
    { sub: null },
    { sub: ["a"] },
    { sub: { id: "a" } },
    { sub: true },
    { sub: "x".repeat(129) },
    { sub: "a\u0000b" },
  ];
  for (const claim of claims) {
    const authorization = `Bearer ${system.sign(claim)}`;
    refused(t, await rawRequest(system, "GET", "/rooms", { authorization }), "invalid_token", JSON.stringify(claim));
  }
});

t.test("a token is valid from nbf to exp", async (t) => {
  const get = (claims: Record<string, unknown>) =>
    rawRequest(system, "GET", "/rooms", { authorization: `Bearer ${system.sign({ sub: "someone", ...claims })}` });
  refused(t, await get({ exp: now - 1 }), "token_expired");
  refused(t, await get({ nbf: now + 600 }), "invalid_token");
  good(t, routes.listRooms, await get({ nbf: now - 600, exp: now + 600 }));
});

t.test("the user id is sub, else userId, id or _id", async (t) => {
  const other = system.newUser();
  const tail = unknownId();
  for (const [claims, userId] of [
    [{ sub: `s${tail}`, userId: "u", id: "i", _id: "o" }, `s${tail}`],
    [{ userId: `u${tail}`, id: "i", _id: "o" }, `u${tail}`],
    [{ id: `i${tail}`, _id: "o" }, `i${tail}`],
    [{ _id: `o${tail}` }, `o${tail}`],
    [{ id: 4_200_000_000_042 }, "4200000000042"],
  ] as const) {
    const headers = { ...bearer({ token: system.sign(claims) }), ...json };
    const body = JSON.stringify({ type: "private", participants: [other.id] });
    const { chatRoom } = good(t, routes.createRoom, await rawRequest(system, "POST", "/rooms", headers, body));
    t.equal(chatRoom.createdBy, userId);
  }
});

t.test("unusable claims beside the id are ignored", async (t) => {
  const other = system.newUser();
  for (const claims of [
    { name: 5 },
    { name: "" },
    { name: "a\u0000" },
    { name: "n".repeat(5000) },
    { avatar: {} },
    { scope: 7 },
    { scope: null },
  ]) {
    const user = system.newUser(undefined, claims);
    t.ok(await privateRoom(user, other));
  }
});

t.test("administration requires a token with the admin scope", async (t) => {
  const body = { users: [{ _id: "someone" }] };
  for (const scope of [undefined, "", "chat", "chat:administrator", "xchat:admin", "chat:ADMIN", ["chat"], { a: 1 }]) {
    const user = system.newUser(undefined, scope === undefined ? {} : { scope });
    refused(t, await user.put("/users", body), "forbidden");
  }
  for (const scope of ["chat:admin", "profile chat:admin email", ["email", "chat:admin"]]) {
    good(t, routes.upsertUsers, await system.newUser(undefined, { scope }).put("/users", body));
  }
});

t.test("errors are in Thai, or in English on request", async (t) => {
  const user = system.newUser();
  const ask = (language: string | undefined) =>
    user.get(`/rooms/${unknownId()}`, language === undefined ? {} : { "accept-language": language });
  for (const language of [undefined, "th", "th-TH,en;q=0.5", "*", "", "fr", "%%%"]) {
    refused(t, await ask(language), "room_not_found", language, "th");
  }
  for (const language of ["en", "en-US,en;q=0.9,th;q=0.8", "EN"]) {
    refused(t, await ask(language), "room_not_found", language, "en");
  }
  const english = { "accept-language": "en" };
  refused(t, await rawRequest(system, "GET", "/rooms", english), "unauthorized", "", "en");
});

t.test("every response has a request id", async (t) => {
  const user = system.newUser();
  const given = "trace-1234.abc";
  t.equal((await user.get("/rooms", { "x-request-id": given })).headers.get("x-request-id"), given);
  t.match((await user.get("/rooms")).headers.get("x-request-id"), /^[\w.-]{8,64}$/);
  const odd = "<script>".repeat(20);
  t.not((await user.get("/rooms", { "x-request-id": odd })).headers.get("x-request-id"), odd);
});

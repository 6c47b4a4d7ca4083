// Too many requests: refused, with the time to wait. On systems of their own, whose limits are low.
import { randomUUID } from "node:crypto";
import { routes } from "@khui/contracts";
import { createTokens } from "@khui/http";
import { startEmbedded } from "@khui/test-kit";
import t, { type Test } from "tap";
import { type Answer, bearer, good, json, rawRequest, refused } from "./rest-answers.js";

/** In the distributed form the same limits count in Redis, which the suite of the limits covers. */
const skip = process.env.KHUI_TEST_FORM === "distributed";

/** A system with these limits, and requests of its users. */
async function limited(t: Test, limits: Record<string, string>) {
  const system = await startEmbedded(limits);
  t.teardown(() => system.stop());
  const tokens = await createTokens({ secret: system.secret });
  return {
    ask: (userId: string, method = "GET", path = "/rooms", body?: unknown) => {
      const headers = { ...bearer({ token: tokens.sign({ sub: userId }, 3600) }), ...(body ? json : {}) };
      return rawRequest(system, method, path, headers, body ? JSON.stringify(body) : undefined);
    },
    guess: () => rawRequest(system, "GET", "/rooms", { authorization: "Bearer guess" }),
    health: async () => (await fetch(`${system.url}/readyz`)).status,
  };
}

function held(t: Test, answer: Answer) {
  refused(t, answer, "rate_limited");
  const seconds = answer.headers.get("retry-after") ?? "";
  t.match(seconds, /^\d+$/);
  t.ok(Number(seconds) >= 1 && Number(seconds) <= 60, "a wait of a minute at most");
}

t.test("who asks too often must wait, and nobody else", { skip }, async (t) => {
  const { ask, health } = await limited(t, { LIMIT_PER_USER: "20" });
  const [busy, calm] = [randomUUID(), randomUUID()];
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask(busy)));
  t.equal(answers.filter(({ status }) => status === 200).length, 20);
  for (const answer of answers) if (answer.status !== 200) held(t, answer);
  const body = { type: "private", participants: [calm] };
  held(t, await ask(busy, "POST", "/rooms", body));
  good(t, routes.createRoom, await ask(calm, "POST", "/rooms", { type: "private", participants: [busy] }));
  t.equal(good(t, routes.listRooms, await ask(calm)).chatRooms.length, 1);
  t.equal(await health(), 200);
});

t.test("an address that guesses tokens must wait too", { skip }, async (t) => {
  const { ask, guess, health } = await limited(t, { LIMIT_PER_ADDRESS: "20" });
  const answers = await Promise.all(Array.from({ length: 40 }, guess));
  const checked = answers.filter(({ status }) => status === 401);
  t.equal(checked.length, 20);
  for (const answer of checked) refused(t, answer, "invalid_token");
  for (const answer of answers) if (answer.status !== 401) held(t, answer);
  held(t, await ask(randomUUID()));
  t.equal(await health(), 200, "the probes are not limited");
});

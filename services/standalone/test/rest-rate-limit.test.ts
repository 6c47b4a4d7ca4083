// Too many requests are refused, with the time to wait. On separate systems with low limits.
import { randomUUID } from "node:crypto";
import { routes } from "@khui/contracts";
import { createTokens } from "@khui/service/http";
import { startEmbedded } from "@khui/test-kit/embedded";
import { type Answer, bearer, good, json, rawRequest, refused } from "@khui/test-kit/rest-answers";
import t, { type Test } from "tap";

/** In the distributed form the same limits count in Redis, which the suite of the limits covers. */
const skip = process.env.KHUI_TEST_FORM === "distributed";

/** A system with these limits, and requests of its users. */
async function limited(t: Test, limits: Record<string, string>) {
  const system = await startEmbedded(limits);
  t.teardown(() => system.stop());
  const tokens = await createTokens({ secret: system.secret });
  return {
    ask: (userId: string, method = "GET", path = "/rooms", body?: unknown, scope?: string) => {
      const headers = { ...bearer({ token: tokens.sign({ sub: userId, scope }, 3600) }), ...(body ? json : {}) };
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

t.test("a user with too many requests must wait, and nobody else", { skip }, async (t) => {
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

const group = (participants: readonly string[] = []) => ({ type: "group", name: "x", activityId: "x", participants });
const people = (count: number) => Array.from({ length: count }, () => randomUUID());

t.test("on a system with low quotas", { skip }, async (t) => {
  const { ask } = await limited(t, { LIMIT_ROOMS_CREATED: "3", LIMIT_PEOPLE_ADDED: "10" });

  await t.test("a user who creates too many rooms must wait, and nobody else", async (t) => {
    const [busy, calm, host] = [randomUUID(), randomUUID(), randomUUID()];
    const pair = { type: "private", participants: [calm] };
    const first = good(t, routes.createRoom, await ask(busy, "POST", "/rooms", pair));
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(busy, "POST", "/rooms", group())));
    t.equal(answers.filter(({ status }) => status === 201).length, 2);
    for (const answer of answers) if (answer.status !== 201) held(t, answer);
    t.equal(good(t, routes.listRooms, await ask(busy)).pagination.total, 3, "a refused room is not created");
    const again = good(t, routes.createRoom, await ask(busy, "POST", "/rooms", pair), 200);
    t.equal(again.chatRoom._id, first.chatRoom._id, "an existing room does not count");
    good(t, routes.createRoom, await ask(calm, "POST", "/rooms", group()));
    for (let n = 0; n < 5; n++)
      good(t, routes.createRoom, await ask(host, "POST", "/rooms", group(), "chat:admin other:scope"));
  });

  await t.test("a user who adds too many people must wait, however few rooms it takes", async (t) => {
    const [busy, calm, host] = [randomUUID(), randomUUID(), randomUUID()];
    const made = good(t, routes.createRoom, await ask(busy, "POST", "/rooms", group([busy, ...people(8)])));
    t.equal(made.chatRoom.participantCount, 9);
    const victim = randomUUID();
    held(t, await ask(busy, "POST", "/rooms", group([victim, ...people(2)])));
    t.equal(good(t, routes.listRooms, await ask(victim)).pagination.total, 0);
    const open = good(t, routes.createRoom, await ask(calm, "POST", "/rooms", group()));
    held(t, await ask(busy, "POST", `/rooms/${open.chatRoom._id}/join`));
    const join = (userId: string) => ask(userId, "POST", `/rooms/${open.chatRoom._id}/join`);
    for (let n = 0; n < 10; n++) good(t, routes.joinRoom, await join(calm));
    held(t, await join(calm));
    const large = group(people(30));
    good(t, routes.createRoom, await ask(randomUUID(), "POST", "/rooms", large));
    for (let n = 0; n < 2; n++) good(t, routes.createRoom, await ask(host, "POST", "/rooms", large, "chat:admin"));
  });
});

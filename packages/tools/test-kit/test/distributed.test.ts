// The distributed form: all of it runs, each part can be ended and restarted, and nothing outlives it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "tap";
import { startDistributed } from "../src/distributed.js";
import { ask, openPolling } from "../src/socketio/rig.js";
import { eventually, privateRoom, useSystem } from "../src/system.js";

/** Longer than a restart takes on a busy machine. */
const backMs = 60_000;

/** Pids of this process's children, from /proc/pid/stat: pid (name) state parent. */
function children(): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === process.pid;
    } catch {
      return false;
    }
  });
}

test("a distributed system runs, survives its parts, and leaves no process behind", async (t) => {
  const onLinux = existsSync("/proc/self/stat");
  const before = onLinux ? children() : [];
  const system = await startDistributed();
  t.teardown(() => system.stop());
  if (onLinux) t.ok(children().length >= before.length + 9, "the services, their servers and the edge are children");

  await t.test("the edge leads to every service", async (t) => {
    const people = await useSystem(t, system);
    const [alice, bob] = [people.newUser("Alice"), people.newUser("Bob")];
    const { body } = await alice.post("/rooms", { type: "private", participants: [bob.id] });
    const roomId = body.chatRoom._id;
    const polling = await bob.connect({ transports: ["polling"] });
    await polling.join(roomId);
    const sent = await alice.post(`/rooms/${roomId}/messages?x=1`, { content: "hello" }, { "x-request-id": "mine" });
    t.equal(sent.status, 201);
    t.equal(sent.headers.get("x-request-id"), "mine");
    t.equal((await polling.next("new_message")).message.content, "hello");
    const made = await alice.get("/rooms", { "x-request-id": "not plain" });
    t.match(made.headers.get("x-request-id"), /^[0-9a-f-]{36}$/);
    t.equal((await fetch(`${system.url}/%6detrics`)).status, 404);
  });

  await t.test("a poll past the edge that reaches another gateway is relayed to the session's", async (t) => {
    const [first = "", other = ""] = system.gateways;
    const session = await openPolling(first);
    t.match(await ask(session.replace(first, other), "POST", "40"), { status: 200, body: "ok" });
    t.match(await ask(session.replace(first, other)), { status: 200, body: /^40/ });
  });

  await t.test("either replica is enough", async (t) => {
    const people = await useSystem(t, system);
    const [alice, bob] = [people.newUser(), people.newUser()];
    const roomId = await privateRoom(alice, bob);
    for (const name of ["messages-api-1", "realtime-gateway-1", "messages-api-2", "realtime-gateway-2"] as const) {
      await system.processes[name].kill();
      await eventually(async () => (await alice.get(`/rooms/${roomId}/messages`)).status === 200, backMs);
      await eventually(async () => (await bob.connect()).join(roomId), backMs);
      t.pass(`without ${name}`);
      await system.processes[name].restart();
    }
  });

  await t.test("a part that is killed is gone until it is restarted at its address", async (t) => {
    const gateway = system.processes["realtime-gateway-1"];
    const [address, pid] = [gateway.url, gateway.pid];
    await gateway.kill();
    await t.rejects(fetch(`${address}/healthz`));
    await gateway.restart();
    t.equal(gateway.url, address);
    t.not(gateway.pid, pid);
    t.equal((await fetch(`${address}/readyz`)).status, 200);
    await system.backends.kill("nats");
    const health = async () => (await fetch(`${address}/readyz`)).json() as Promise<{ status: string }>;
    await eventually(async () => (await health()).status === "degraded", backMs);
    await system.backends.restart("nats");
    await eventually(async () => (await health()).status === "ready", backMs);
  });

  await t.test("stopped, nothing is left", async (t) => {
    await system.stop();
    for (const url of [system.url, ...Object.values(system.processes).map((one) => one.url)]) {
      await t.rejects(fetch(`${url}/readyz`), `${url} is closed`);
    }
    await eventually(() => !onLinux || children().every((pid) => before.includes(pid)));
  });
});

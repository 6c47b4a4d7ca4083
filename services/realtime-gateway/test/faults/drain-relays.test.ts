// While a gateway drains, the polls of the other gateway's clients still pass through it: none of them is lost.
import { setTimeout as sleep } from "node:timers/promises";
import { startDistributed } from "@khui/test-kit/distributed";
import { type Client, eventually, useSystem } from "@khui/test-kit/system";
import { test } from "tap";
import { instanceIdOf } from "./scene.js";

const rounds = 3;
const clientCount = 8;
/** Requests of each client during the drain, and as many after it. */
const asksPerPhase = 5;

interface Poller {
  readonly client: Client;
  readonly faults: readonly string[];
  readonly asked: number;
  stop(): Promise<void>;
}

/** Just below the rate limit of a socket. */
const paceMs = 40;

/** Sends requests on one connection, one after another: each is a POST and one or more GETs, which alternate between the gateways. */
function keepAsking(client: Client): Poller {
  const faults: string[] = [];
  const { socket } = client;
  let [asked, stopped] = [0, false];
  socket.on("disconnect", (reason, details) => {
    if (!stopped) faults.push(`${reason} ${details instanceof Error ? details.message : JSON.stringify(details)}`);
    stopped = true;
  });
  const running = (async () => {
    while (!stopped) {
      const answer = await client.ask("leave_chat", { chatRoomId: "0123456789abcdef01234567" });
      asked += 1;
      if (!answer.success) faults.push(answer.code);
      await sleep(paceMs);
    }
  })().catch((error: unknown) => faults.push(String(error)));
  return {
    client,
    faults,
    get asked() {
      return asked;
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}

test("clients that poll the other gateway lose nothing while one drains, again and again", async (t) => {
  const system = await startDistributed();
  t.teardown(() => system.stop());
  const people = await useSystem(t, system);
  const survivor = await instanceIdOf(system.gateways[1]!);
  const draining = system.processes["realtime-gateway-1"];

  const pollers: Poller[] = [];
  while (pollers.length < clientCount) {
    const client = await people.newUser().connect({ transports: ["polling"], reconnection: false });
    if (client.socket.io.engine.id.startsWith(`${survivor}.`)) pollers.push(keepAsking(client));
    else client.close();
  }
  t.teardown(() => Promise.all(pollers.map((poller) => poller.stop())));
  const faults = () => pollers.flatMap((poller) => poller.faults);
  const moreAsks = async () => {
    const enough = pollers.map(({ asked }) => asked + asksPerPhase);
    await eventually(() => faults().length > 0 || pollers.every(({ asked }, i) => asked >= enough[i]!), 60_000);
  };

  for (let round = 1; round <= rounds; round += 1) {
    await moreAsks();
    await Promise.all([draining.stop(), moreAsks()]);
    await moreAsks();
    t.strictSame(faults(), [], `round ${round}: every request was answered`);
    await draining.restart();
  }
});

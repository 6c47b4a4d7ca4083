// The edge in a cluster: routing by path, replicas that come and go, headers of the Ingress.
import { test } from "tap";
import { edgeScene, nameOf, replicas } from "./edge-scene.js";

const room = "/api/v1/chat/rooms/65f1c0ffee65f1c0ffee65f1";
const paths: ReadonlyArray<readonly [path: string, service: string]> = [
  ["/api/v1/chat/rooms", "rooms-api"],
  [`${room}/join`, "rooms-api"],
  ["/what/there/is/not", "rooms-api"],
  [`${room}/messages`, "messages-api"],
  [`${room}/read`, "messages-api"],
  ["/api/v1/chat/messages/1/reactions", "messages-api"],
  [`${room}/messages/media`, "media-service"],
  ["/api/v1/chat/media/1", "media-service"],
  ["/api/v1/chat/avatars", "media-service"],
  ["/api/v1/chat/avatars/1/96.webp", "media-service"],
  [`${room}/messages/sticker`, "sticker-service"],
  ["/api/v1/chat/stickers/sets", "sticker-service"],
  ["/socket.io/?EIO=4&transport=polling", "realtime-gateway"],
  ["/ws", "realtime-gateway"],
];

test("requests are routed by path to the service, in turn to each replica behind its name", async (t) => {
  const { dns, ask, asks } = await edgeScene(t);
  for (const [path, service] of paths) {
    t.equal((await asks(path, (answer) => answer.status === 200)).service, service, path);
  }
  const seen = new Set<string>();
  while (seen.size < 2) seen.add((await ask("/ws")).replica);
  t.same([...seen].sort(), replicas, "both are asked");
  dns.addresses.set(nameOf("realtime-gateway"), [replicas[1]]);
  // With round robin, four answers in a row from one replica cannot be chance.
  let row = 0;
  await asks("/ws", ({ replica }) => {
    row = replica === replicas[1] ? row + 1 : 0;
    return row === 4;
  });
  t.equal((await ask("/api/v1/chat/rooms")).status, 200, "the others are as they were");
});

test("a service without replicas answers 503 in the API's error format, and is found once it has one", async (t) => {
  const { dns, ask, asks } = await edgeScene(t, ["sticker-service"]);
  await asks("/ws", ({ status }) => status === 200);
  const gone = await ask("/api/v1/chat/stickers/sets");
  t.equal(gone.status, 503);
  t.match(gone.body, { success: false, code: "service_unavailable" });
  dns.addresses.set(nameOf("sticker-service"), replicas);
  t.equal((await asks("/api/v1/chat/stickers/sets", ({ status }) => status === 200)).service, "sticker-service");
});

test("replicas are replaced while DNS goes on naming the old ones, and no request is refused", async (t) => {
  const service = "messages-api";
  const path = "/api/v1/chat/messages/1";
  // It asks as fast as it is answered, all the time.
  const limits = { EDGE_REQUESTS_PER_ADDRESS: "1000000" };
  const { dns, ask, asks, start, startService, standInsOf } = await edgeScene(t, [], limits);
  let ready: string[] = [...replicas];
  let balanced = 0;
  await startService(service, () => {
    balanced += 1;
    return ready;
  });
  await asks(path, ({ status }) => status === 200);

  const statuses = new Set<number>();
  let over = false;
  const asking = (async () => {
    while (!over) statuses.add((await ask(path)).status);
  })();
  // A rollout: each new replica is ready before an old one stops, which is gone once the edge asks it no more.
  const fresh = ["127.0.0.4", "127.0.0.5"];
  for (const [index, replica] of fresh.entries()) {
    await start(service, replica);
    const leaving = replicas[index] ?? "";
    ready = [...ready.filter((one) => one !== leaving), replica];
    await standInsOf(service)[index]?.stop(async () => {
      let others = 0;
      await asks(path, (answer) => {
        others = answer.replica === leaving ? 0 : others + 1;
        return others === 20;
      });
    });
  }
  t.ok(fresh.includes((await ask(path)).replica));
  t.ok(balanced > 0);

  dns.addresses.set(nameOf(service), fresh);
  let before = -1;
  await asks(path, () => {
    const direct = balanced === before;
    before = balanced;
    return direct;
  });
  over = true;
  await asking;
  t.same([...statuses], [200]);
});

test("the Ingress' client address is kept, and internal paths are not exposed", async (t) => {
  const { ask, asks, status } = await edgeScene(t);
  await asks("/ws", (answer) => answer.status === 200);
  const { headers } = await ask("/ws", { "x-forwarded-for": "203.0.113.9", "x-request-id": "one-of-the-ingress" });
  t.equal(headers?.["x-forwarded-for"], "203.0.113.9, 127.0.0.1");
  t.equal(headers?.["x-request-id"], "one-of-the-ingress");
  for (const path of ["/metrics", "/readyz", "/%6detrics"]) t.equal((await ask(path)).status, 404, path);
  t.equal((await fetch(`${status}/healthz`)).status, 200);
  t.match(await (await fetch(`${status}/stats`)).text(), /Statistics Report/);
  t.match(await (await fetch(`${status}/metrics`)).text(), /haproxy_backend_active_servers\{proxy="rooms-api"\}/);
});

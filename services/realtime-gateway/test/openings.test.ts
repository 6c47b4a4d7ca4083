// A person opens a room with their first socket in it and closes it with their last, whichever gateways these are on.
import { createLocalBus } from "@khui/bus/local";
import { decodeWire, type LiveHeader, subjects } from "@khui/contracts";
import { createLocalPresence } from "@khui/presence/local";
import { type Test, test } from "tap";
import type { Client } from "../src/connections/client.js";
import { createOpenings } from "../src/rooms/openings.js";
import { RoomFeed } from "../src/rooms/room-feed.js";
import { roomId } from "./fake-messages-api.js";
import { ignored, listener } from "./room-log.js";

async function setUp(t: Test) {
  const hub = createLocalBus();
  const presence = createLocalPresence();
  const observer = hub.connect();
  const published: string[] = [];
  observer.subscribe(subjects.roomLive(roomId), ({ data }) => {
    const { header, body } = decodeWire<LiveHeader>(data);
    published.push(`${header.event} ${JSON.parse(body).userId}`);
  });
  t.teardown(() => Promise.all([observer.close(), presence.close()]));

  async function gateway(instanceId: string, ...userIds: string[]) {
    const bus = hub.connect();
    t.teardown(() => bus.close());
    await presence.renew(instanceId, 60_000);
    const choice = { status: "online", revision: 0 } as const;
    await presence.connect(
      instanceId,
      userIds.map((userId) => ({ userId, choice })),
    );
    const openings = createOpenings({ bus, presence, instanceId, onError: (error) => t.fail(String(error)) });
    const feed = new RoomFeed(roomId, { read: async () => ({ seq: 0, floor: 0, entries: [] }) }, ignored);
    return {
      async open(userId: string, shown = true): Promise<Client> {
        const { client } = listener(userId);
        feed.subscribe(client);
        await openings.opened(client, feed, shown);
        return client;
      },
      async close(client: Client, shown = true): Promise<void> {
        const closed = openings.closed(client, feed, shown);
        feed.unsubscribe(client);
        await closed;
      },
    };
  }
  /** Since the last call. */
  const told = async () => {
    await observer.flush();
    return published.splice(0);
  };
  return { presence, gateway, told };
}

test("two tabs at two gateways are told as one coming and one going", async (t) => {
  const { gateway, told } = await setUp(t);
  const [one, two] = [await gateway("one", "ann"), await gateway("two", "ann")];
  const first = await one.open("ann");
  const second = await two.open("ann");
  t.same(await told(), ["user_joined_chat ann"]);
  await one.close(first);
  t.same(await told(), [], "she is still there");
  await two.close(second);
  t.same(await told(), ["user_left_chat ann"]);
});

test("both at the same moment are told once, too", async (t) => {
  const { gateway, told } = await setUp(t);
  const [one, two] = [await gateway("one", "ann"), await gateway("two", "ann")];
  const [first, second] = await Promise.all([one.open("ann"), two.open("ann")]);
  t.same(await told(), ["user_joined_chat ann"]);
  await Promise.all([one.close(first), two.close(second)]);
  t.same(await told(), ["user_left_chat ann"]);
});

test("a tab that came back or was lost counts, and is not told", async (t) => {
  const { gateway, told } = await setUp(t);
  const [one, two] = [await gateway("one", "ann"), await gateway("two", "ann")];
  const resumed = await one.open("ann", false);
  const second = await two.open("ann");
  t.same(await told(), []);
  await one.close(resumed, false);
  await two.close(second);
  t.same(await told(), ["user_left_chat ann"]);
});

test("nobody is told of whom they do not see online", async (t) => {
  const { presence, gateway, told } = await setUp(t);
  const one = await gateway("one", "ann");
  await presence.setStatus("ann", { status: "invisible", revision: 1 });
  await one.close(await one.open("ann"));
  t.same(await told(), []);
});

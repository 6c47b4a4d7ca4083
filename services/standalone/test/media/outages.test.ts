// Uploads while the store or the bus fails: the client is asked to try again, and in the end nothing is left over.
import { BlobsUnavailable } from "@khui/blobs";
import { NoResponders, RequestTimeout } from "@khui/bus";
import { eventually, groupRoom, type User } from "@khui/test-kit/system";
import { type Test, test } from "tap";
import { type MediaSystem, mediaSystem, stores } from "./media-system.js";
import { both, fileIdOf, note, picture, send } from "./uploading.js";

for (const kind of stores) {
  test(`a ${kind} as the store`, { timeout: 240_000 }, async (t) => {
    const system = await mediaSystem(t, kind);
    const user = system.newUser();
    const roomId = await groupRoom(user, []);
    await failingStore(t, system, user, roomId);
    await storeAway(t, system, user, roomId);
    await goneMeanwhile(t, system, user, roomId);
    const kept = await lostOnTheBus(t, system, user, roomId);
    const before = await system.stored();
    t.same(
      before.filter((name) => !kept.used.includes(name)),
      kept.unused,
      "what no message has waits",
    );
    await system.end();
    t.same(await system.stored(), kept.used.sort(), "and goes with a later sweep");
  });
}

const unavailable = { status: 503, body: { success: false, code: "service_unavailable" } };

async function failingStore(t: Test, system: MediaSystem, user: User, roomId: string): Promise<void> {
  for (const failing of ["/file", "/thumbnail"]) {
    for (const done of [false, true]) {
      const how = done ? "although it was stored" : "before it was stored";
      await t.test(`a store that fails at the ${failing.slice(1)}, ${how}`, async (t) => {
        const before = await system.stored();
        system.faults.put = async (name, forward) => {
          if (done || !name.endsWith(failing)) await forward();
          if (name.endsWith(failing)) throw new BlobsUnavailable("it failed");
        };
        t.match(await send(system.url, user, roomId, await picture()), unavailable);
        system.faults.put = undefined;
        t.same(await system.stored(), before, "nothing is left in the store");
        t.same(await system.scratch(), [], "nor in the scratch folder");
      });
    }
  }
}

async function storeAway(t: Test, system: MediaSystem, user: User, roomId: string): Promise<void> {
  const { breakDown, repair, hang } = system.store;
  const ways: Record<string, () => unknown> = { "is gone": breakDown, ...(hang ? { hangs: hang } : {}) };
  for (const [how, away] of Object.entries(ways)) {
    await t.test(`a store that ${how}`, async (t) => {
      const before = await system.stored();
      const first = await send(system.url, user, roomId, await picture());
      const { url = "" } = first.body.data.mediaInfo ?? {};
      await away();
      t.match(await send(system.url, user, roomId, await picture()), unavailable, "no upload");
      if (how === "hangs") t.equal((await fetch(url)).status, 503, "no download");
      const readiness = await (await fetch(`${system.url}/readyz`)).json();
      t.match(readiness, { status: "degraded", dependencies: { blobs: "down" } }, "and it is known");
      await repair();
      t.equal((await fetch(url)).status, 200);
      const again = await send(system.url, user, roomId, await picture());
      t.equal(again.status, 201, "it is back, and so is everything");
      t.same(await system.scratch(), []);
      const files = [first, again].flatMap(({ body }) => both(fileIdOf(body.data)));
      t.same(await system.stored(), [...before, ...files].sort());
      for (const { body } of [first, again]) {
        await user.delete(`/messages/${body.data._id}`, { deleteFor: "everyone" });
      }
      await eventually(async () => `${await system.stored()}` === `${before}`);
    });
  }
}

async function goneMeanwhile(t: Test, system: MediaSystem, user: User, roomId: string): Promise<void> {
  await t.test("a file that is removed between stat and read is not found, now and later", async (t) => {
    const { body } = await send(system.url, user, roomId, note());
    system.faults.read = async () => {
      system.faults.read = undefined;
      await system.store.blobs.remove([`${fileIdOf(body.data)}/file`]);
    };
    const answer = await fetch(body.data.mediaInfo?.url ?? "");
    t.equal(answer.status, 404);
    t.match(await answer.json(), { success: false, code: "file_not_found" });
    t.equal(answer.headers.get("cache-control"), null, "nobody keeps this answer");
    await user.delete(`/messages/${body.data._id}`, { deleteFor: "everyone" });
  });
}

/** Returns what messages have of the store at the end, and what waits for the sweep. */
async function lostOnTheBus(t: Test, system: MediaSystem, user: User, roomId: string) {
  const used: string[] = [];
  const unused: string[] = [];
  const onSend = (lose: (forward: () => Promise<unknown>) => Promise<void>) => {
    system.faults.request = async (subject, forward) => {
      if (subject !== "khui.rpc.messages.send") return forward();
      system.faults.request = undefined;
      await lose(forward);
      throw new RequestTimeout(subject, 5_000);
    };
  };

  await t.test("a lost answer: the message exists, and its file stays", async (t) => {
    const clientMessageId = `lost-answer-${roomId}`;
    onSend(async (forward) => void (await forward()));
    t.match(await send(system.url, user, roomId, await picture({ clientMessageId })), unavailable);
    const again = await send(system.url, user, roomId, await picture({ clientMessageId }));
    t.equal(again.status, 201);
    t.equal((await fetch(again.body.data.mediaInfo?.url ?? "")).status, 200, "it is served");
    const { body } = await user.get(`/rooms/${roomId}/messages`);
    const sent = body.messages.filter((message) => message.clientMessageId === clientMessageId);
    t.same(
      sent.map(({ _id }) => _id),
      [again.body.data._id],
      "sent once",
    );
    used.push(...both(fileIdOf(again.body.data)));
    t.same(await system.stored(), [...used].sort(), "stored once");
  });

  await t.test("a lost request: another try sends the message with its own file", async (t) => {
    const clientMessageId = `lost-request-${roomId}`;
    onSend(async () => {});
    t.match(await send(system.url, user, roomId, note({ clientMessageId })), unavailable);
    unused.push(...(await system.stored()).filter((name) => !used.includes(name)));
    t.equal(unused.length, 1, "its file waits to be settled");
    const again = await send(system.url, user, roomId, note({ clientMessageId }));
    t.equal(again.status, 201);
    t.not(`${fileIdOf(again.body.data)}/file`, unused[0]);
    used.push(`${fileIdOf(again.body.data)}/file`);
  });

  await t.test("no responders: the message was surely not created, and nothing is left", async (t) => {
    const before = await system.stored();
    system.faults.request = async (subject, forward) => {
      if (subject !== "khui.rpc.messages.send") return forward();
      throw new NoResponders(subject);
    };
    t.match(await send(system.url, user, roomId, await picture()), unavailable);
    system.faults.request = undefined;
    t.same(await system.stored(), before);
  });
  return { used, unused };
}

// A file is removed when the last message that uses it is deleted for everyone, and not before.
import { NoResponders } from "@khui/bus";
import { eventually, groupRoom, type User } from "@khui/test-kit/system";
import { type Test, test } from "tap";
import { type MediaSystem, mediaSystem, stores } from "./media-system.js";
import { both, fileIdOf, picture, send } from "./uploading.js";

const rounds = 20;

for (const kind of stores) {
  test(`a ${kind} as the store`, { timeout: 240_000 }, async (t) => {
    const system = await mediaSystem(t, kind);
    const user = system.newUser();
    const rooms = [await groupRoom(user, []), await groupRoom(user, []), await groupRoom(user, [])];
    await lastCopy(t, system, user, rooms);
    await races(t, system, user, rooms);
    await serviceAway(t, system, user, rooms);
    t.same(await system.end(), []);
  });
}

const remove = (user: User, messageId: string, deleteFor = "everyone") =>
  user.delete(`/messages/${messageId}`, { deleteFor });

async function forward(user: User, messageId: string, chatRoomIds: string[]): Promise<string[]> {
  const { status, body } = await user.post(`/messages/${messageId}/forward`, { chatRoomIds });
  if (status !== 201) return [];
  return (body.data as unknown as { _id: string }[]).map(({ _id }) => _id);
}

async function sent(system: MediaSystem, user: User, roomId: string) {
  const { body } = await send(system.url, user, roomId, await picture());
  const { url = "", thumbnail = "" } = body.data.mediaInfo ?? {};
  return { messageId: body.data._id, names: both(fileIdOf(body.data)), addresses: [url, thumbnail] };
}

const statuses = (addresses: string[]) => Promise.all(addresses.map(async (address) => (await fetch(address)).status));

async function lastCopy(t: Test, system: MediaSystem, user: User, [here = "", there = "", yonder = ""]: string[]) {
  await t.test("copies keep the file until the last of them is deleted", async (t) => {
    const { messageId, names, addresses } = await sent(system, user, here);
    const [copy = ""] = await forward(user, messageId, [there]);
    const [copyOfCopy = ""] = await forward(user, copy, [yonder]);
    t.equal((await remove(user, messageId)).status, 200);
    t.equal((await remove(user, messageId)).status, 200, "twice is once");
    t.equal((await remove(user, copy)).status, 200);
    t.equal((await remove(user, copyOfCopy, "sender")).status, 200, "hiding it is not deleting it");
    // A later file that has gone says that the earlier would have gone as well.
    const later = await sent(system, user, here);
    await remove(user, later.messageId);
    await eventually(async () => `${await system.stored()}` === `${names}`);
    t.same(await statuses(addresses), [200, 200]);

    const [again = ""] = await forward(user, copyOfCopy, [here]);
    t.notOk(again, "who hid it cannot forward it");
    await eventually(async () => (await statuses(later.addresses)).every((status) => status === 404));
  });
  await t.test("with the last copy the file is removed, also for those who have its link", async (t) => {
    const before = await system.stored();
    const { messageId, addresses } = await sent(system, user, here);
    const copies = await forward(user, messageId, [there, yonder]);
    for (const copy of [...copies, messageId]) t.equal((await remove(user, copy)).status, 200);
    await eventually(async () => `${await system.stored()}` === `${before}`);
    t.same(await statuses(addresses), [404, 404]);
    t.same(await forward(user, messageId, [there]), [], "and cannot be forwarded any more");
  });
}

async function races(t: Test, system: MediaSystem, user: User, [here = "", there = "", yonder = ""]: string[]) {
  await t.test("concurrent deletions and forwards: a file exists exactly if a message uses it", async (t) => {
    const shownInTheEnd = { some: 0, none: 0 };
    for (let round = 0; round < rounds; round++) {
      const before = await system.stored();
      const { messageId, names, addresses } = await sent(system, user, here);
      const [copy = ""] = await forward(user, messageId, [there]);
      const steps: Array<() => Promise<unknown>> = [
        () => remove(user, messageId),
        () => remove(user, copy),
        () => forward(user, round % 2 ? messageId : copy, [yonder]),
      ];
      const turned = [...steps.slice(round % 3), ...steps.slice(0, round % 3)];
      await Promise.all(turned.map((step) => step()));
      const { body } = await user.get(`/rooms/${yonder}/messages`);
      const last = body.messages.at(-1);
      const shown = last?.mediaInfo && fileIdOf(last) === names[0]?.split("/")[0] ? last : undefined;
      shownInTheEnd[shown ? "some" : "none"]++;
      const expected = shown ? [...before, ...names].sort() : before;
      await eventually(async () => `${await system.stored()}` === `${expected}`);
      t.same(await statuses(addresses), shown ? [200, 200] : [404, 404], `round ${round}`);
      if (shown) await remove(user, shown._id);
      await eventually(async () => `${await system.stored()}` === `${before}`);
    }
    t.comment(JSON.stringify(shownInTheEnd));
  });
}

async function serviceAway(t: Test, system: MediaSystem, user: User, [here = ""]: string[]) {
  await t.test("a file whose message is deleted while media-service is away is removed later", async (t) => {
    const before = await system.stored();
    const { messageId, names } = await sent(system, user, here);
    let asked = 0;
    system.faults.request = async (subject, forward) => {
      if (subject !== "khui.rpc.media.remove") return forward();
      asked++;
      throw new NoResponders(subject);
    };
    t.equal((await remove(user, messageId)).status, 200, "nobody has to wait for it");
    await eventually(() => asked > 0);
    t.same(await system.stored(), [...before, ...names].sort());
    system.faults.request = undefined;
    const next = await sent(system, user, here);
    await remove(user, next.messageId);
    await eventually(async () => `${await system.stored()}` === `${before}`);
    t.same(await system.stored(), before);
  });
}

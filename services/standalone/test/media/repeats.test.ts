// One message and one file, however often and in whatever way an upload is repeated.
import { groupRoom } from "@khui/test-kit/system";
import { test } from "tap";
import { mediaSystem, stores } from "./media-system.js";
import { both, fileIdOf, note, picture, send } from "./uploading.js";

for (const kind of stores) {
  test(`a ${kind} as the store`, { timeout: 240_000 }, async (t) => {
    const system = await mediaSystem(t, kind);
    const user = system.newUser();

    for (const way of ["in the form", "in the header"]) {
      await t.test(`five tries at once, their id ${way}, make one message and one file`, async (t) => {
        const before = await system.stored();
        const roomId = await groupRoom(user, []);
        const id = `five-${way.replaceAll(" ", "-")}`;
        const upload = way === "in the form" ? await picture({ clientMessageId: id }) : await picture();
        const headers = way === "in the form" ? {} : { "idempotency-key": id };
        const tries = Array.from({ length: 5 }, () => send(system.url, user, roomId, { ...upload, headers }));
        const answers = await Promise.all(tries);
        t.same(
          answers.map(({ status }) => status),
          Array(5).fill(201),
        );
        t.equal(new Set(answers.map(({ body }) => body.data._id)).size, 1, "one message");
        const [fileId] = new Set(answers.map(({ body }) => fileIdOf(body.data)));
        t.same(await system.stored(), [...before, ...both(fileId ?? "")].sort(), "one file");
        const later = await send(system.url, user, roomId, { ...upload, headers });
        t.equal(later.body.data._id, answers[0]?.body.data._id, "and so it stays");
        t.equal((await user.get(`/rooms/${roomId}/messages`)).body.messages.length, 1);
      });
    }

    await t.test("a try after the message was deleted brings nothing back", async (t) => {
      const before = await system.stored();
      const roomId = await groupRoom(user, []);
      const upload = note({ clientMessageId: `deleted-${roomId}` });
      const first = await send(system.url, user, roomId, upload);
      t.equal((await user.delete(`/messages/${first.body.data._id}`, { deleteFor: "everyone" })).status, 200);
      const again = await send(system.url, user, roomId, upload);
      t.match(again, { status: 201, body: { data: { _id: first.body.data._id, isDeleted: true, mediaInfo: null } } });
      const other = await send(system.url, user, roomId, { ...upload, fields: { ...upload.fields, content: "new" } });
      t.equal(other.body.data._id, first.body.data._id);
      t.same(
        (await system.stored()).filter((name) => !name.startsWith(fileIdOf(first.body.data))),
        before,
      );
    });

    await t.test("the same id from another person is another message", async (t) => {
      const [other, third] = [system.newUser(), system.newUser()];
      const roomId = await groupRoom(user, [other, third]);
      const upload = note({ clientMessageId: `shared-${roomId}` });
      const answers = await Promise.all([user, other, third].map((each) => send(system.url, each, roomId, upload)));
      t.equal(new Set(answers.map(({ body }) => body.data._id)).size, 3);
      t.equal(new Set(answers.map(({ body }) => fileIdOf(body.data))).size, 3);
    });

    t.same(await system.scratch(), []);
    t.same(await system.end(), [], "no upload is unsettled");
  });
}

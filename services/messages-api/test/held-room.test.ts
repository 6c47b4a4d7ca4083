// A locked room delays only itself: sends into others are answered meanwhile.
import { type Db, sql } from "@khui/database";
import { toChatError } from "@khui/service";
import t, { test } from "tap";
import { createChanging } from "../src/actions/changing.js";
import { createSending } from "../src/actions/sending.js";
import { sendBatch } from "../src/store/send.js";
import { offline } from "./offline.js";
import { openReplicas } from "./postgres.js";
import { makeRoom, newUser, text } from "./room.js";

const [service, holder] = (await openReplicas(t, 2)) as [Db, Db];

test("sends into other rooms, and into the held one afterwards", { timeout: 60_000 }, async (t) => {
  const context = offline(service);
  const sending = createSending(context);
  const changing = createChanging(context);
  const user = newUser("a");
  const heldRoom = await makeRoom(service, [user]);
  const rooms: string[] = [];
  for (let n = 0; n < 10; n++) rooms.push(await makeRoom(service, [user]));
  const message = text(heldRoom, user);
  await sendBatch(service, [message]);
  const send = (roomId: string) => sending.send({ userId: user, roomId, type: "text", content: "hello" });
  const outcome = (sent: Promise<unknown>) =>
    sent.then(
      () => "sent",
      (error: unknown) => toChatError(error).code,
    );

  const undone = new Error("the lock leaves nothing behind");
  await holder
    .transaction()
    .execute(async (trx) => {
      await sql`SELECT FROM messages.rooms WHERE id = ${heldRoom} FOR UPDATE`.execute(trx);
      // The transaction would be ended for doing nothing otherwise.
      const busy = setInterval(() => void sql`SELECT 1`.execute(trx).catch(() => undefined), 500);
      try {
        const held = [outcome(send(heldRoom)), outcome(send(heldRoom))];
        const edits = Array.from({ length: 20 }, (_, n) =>
          outcome(changing.edit({ userId: user, messageId: message.id, content: `edit ${n}` })),
        );
        // In one batch with the held room, and in those that follow.
        for (let round = 0; round < 20; round++) {
          t.same(
            await Promise.all(rooms.map((roomId) => outcome(send(roomId)))),
            rooms.map(() => "sent"),
            `round ${round}`,
          );
        }
        t.same(await Promise.all(held), ["service_unavailable", "service_unavailable"], "it was not to be had");
        t.same(new Set(await Promise.all(edits)), new Set(["service_unavailable"]));
        throw undone;
      } finally {
        clearInterval(busy);
      }
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  t.equal(await outcome(send(heldRoom)), "sent", "once nobody holds it");
  await sending.drain();
});

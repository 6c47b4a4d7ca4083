// Slow uploads: they occupy no slots, and are ended with the reason.
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { defaultLimits } from "@khui/media-service/internal/limits";
import { eventually, groupRoom, type User } from "@khui/test-kit/system";
import { type Test, test } from "tap";
import { type MediaSystem, mediaSystem } from "./media-system.js";
import { fileIdOf, note, send } from "./uploading.js";

const boundary = "----a-boundary";
const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\n\r\n`;

/** Begins an upload that has a byte now and then from there on. */
function dripping(t: Test, system: MediaSystem, user: User, roomId: string): ClientRequest {
  const sending = request(`${system.url}/api/v1/chat/rooms/${roomId}/messages/media`, {
    method: "POST",
    agent: false,
    headers: { authorization: `Bearer ${user.token}`, "content-type": `multipart/form-data; boundary=${boundary}` },
  });
  sending.on("error", () => undefined);
  sending.write(head);
  const drip = setInterval(() => sending.write("x"), 200);
  sending.once("close", () => clearInterval(drip));
  t.teardown(() => sending.destroy());
  return sending;
}

test("two users with all the idle uploads that they may have delay nobody", { timeout: 120_000 }, async (t) => {
  const limits = { ...defaultLimits, uploads: 10, uploadWindowMs: 6_000 };
  const system = await mediaSystem(t, "folder", limits);
  const [one, two, third] = [system.newUser(), system.newUser(), system.newUser()];
  const roomId = await groupRoom(one, [two, third]);
  const slow = [one, two].flatMap((user) =>
    Array.from({ length: limits.uploadsPerUser }, () => dripping(t, system, user, roomId)),
  );
  const answers = slow.map((sending) => once(sending, "response") as Promise<[IncomingMessage]>);
  await eventually(async () => (await system.scratch()).length === slow.length);

  t.match(await send(system.url, one, roomId, note()), { status: 429, body: { code: "rate_limited" } });
  const { status, body } = await send(system.url, third, roomId, note());
  t.equal(status, 201, "another's upload goes through");

  for (const [response] of await Promise.all(answers)) {
    const answer = JSON.parse(Buffer.concat(await response.toArray()).toString());
    t.match(answer, { success: false, statusCode: 408, code: "upload_too_slow" });
    t.equal(response.headers.connection, "close");
  }
  await eventually(async () => (await system.scratch()).length === 0);
  t.equal((await send(system.url, one, roomId, note())).status, 201, "and they may send again");
  t.ok((await system.stored()).includes(`${fileIdOf(body.data)}/file`));
  t.same(await system.end(), []);
});

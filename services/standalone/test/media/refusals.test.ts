// What an upload leaves behind: its file and thumbnail when it succeeds, and nothing at all when it does not.
import { once } from "node:events";
import { request } from "node:http";
import { eventually, groupRoom } from "@khui/test-kit/system";
import { type Test, test } from "tap";
import { type MediaSystem, mediaSystem, stores } from "./media-system.js";
import { both, fileIdOf, fixture, note, picture, send, type Upload } from "./uploading.js";

for (const kind of stores) {
  test(`a ${kind} as the store`, { timeout: 240_000 }, async (t) => {
    const system = await mediaSystem(t, kind);
    await succeeding(t, system);
    await refused(t, system);
    await closedMeanwhile(t, system);
    await repeatedElsewhere(t, system);
    await brokenOff(t, system);
    t.same(await system.end(), [], "and no upload is unsettled");
  });
}

/** Runs `body` with a new user in a new room, then checks that all that was stored since is what it returns. */
function leaving(
  t: Test,
  name: string,
  system: MediaSystem,
  body: (t: Test, user: ReturnType<MediaSystem["newUser"]>, roomId: string) => Promise<readonly string[]>,
) {
  return t.test(name, async (t) => {
    const before = await system.stored();
    const user = system.newUser();
    const left = await body(t, user, await groupRoom(user, []));
    const expected = [...before, ...left].sort();
    await eventually(async () => `${await system.stored()}` === `${expected}`).catch(() => undefined);
    t.same(await system.stored(), expected, "what is in the store");
    await eventually(async () => (await system.scratch()).length === 0).catch(() => undefined);
    t.same(await system.scratch(), [], "what is in the scratch folder");
  });
}

async function succeeding(t: Test, system: MediaSystem): Promise<void> {
  const uploads: Record<string, Upload> = {
    picture: await picture(),
    video: { content: await fixture("video.mp4"), fields: { type: "video" } },
    voice: { content: await fixture("voice.webm"), fields: { type: "audio" } },
    note: note(),
  };
  for (const [name, upload] of Object.entries(uploads)) {
    await leaving(t, `a ${name} leaves its file, and its thumbnail if it has one`, system, async (t, user, roomId) => {
      const { status, body } = await send(system.url, user, roomId, upload);
      t.equal(status, 201);
      const fileId = fileIdOf(body.data);
      const served = await fetch(body.data.mediaInfo?.url ?? "");
      t.equal(Buffer.from(await served.arrayBuffer()).length, body.data.mediaInfo?.size, "and it is served");
      return body.data.mediaInfo?.thumbnail ? both(fileId) : [`${fileId}/file`];
    });
  }
}

async function refused(t: Test, system: MediaSystem): Promise<void> {
  const small = await picture();
  const cut = small.content.slice(0, 60);
  const cases: Record<string, readonly [Upload, string]> = {
    "of another kind": [{ ...small, fields: { type: "video" } }, "wrong_kind_of_file"],
    "of no kind": [{ ...small, fields: {} }, "invalid_request"],
    "of a kind that there is not": [{ ...small, fields: { type: "sticker" } }, "invalid_request"],
    "that is damaged": [{ ...small, content: cut }, "damaged_file"],
    "that is a damaged recording": [
      { content: (await fixture("video.mp4")).subarray(0, 40), fields: { type: "video" } },
      "damaged_file",
    ],
    "that is a drawing": [{ content: "<svg ></svg>", fields: { type: "image" } }, "unsupported_media_type"],
    "that is empty": [{ content: "", fields: { type: "file" } }, "empty_file"],
    "that is too large": [{ content: Buffer.alloc(10 * 2 ** 20 + 1), fields: { type: "image" } }, "file_too_large"],
    "with a bad name": [{ ...note(), name: "a\u0007.exe" }, "invalid_file_name"],
    "with a caption that is too long": [note({ content: "x".repeat(10_001) }), "content_too_long"],
    "with a caption that is far too long": [note({ content: "x".repeat(200_000) }), "invalid_request"],
    "that replies to a message that there is not": [note({ replyTo: "0123456789abcdef01234567" }), "reply_not_found"],
    "that replies to no id": [note({ replyTo: "x" }), "invalid_request"],
    "with an empty client id of control characters": [note({ clientMessageId: "\u0000" }), "invalid_request"],
  };
  for (const [what, [upload, code]] of Object.entries(cases)) {
    await leaving(t, `a file ${what} leaves nothing`, system, async (t, user, roomId) => {
      const { body } = await send(system.url, user, roomId, upload);
      t.equal(body.code, code);
      return [];
    });
  }
  await leaving(t, "a file into a room of others leaves nothing", system, async (t, _user, roomId) => {
    t.equal((await send(system.url, system.newUser(), roomId, note())).body.code, "not_a_participant");
    t.equal((await send(system.url, system.newUser(), "0123456789abcdef01234567", note())).body.code, "room_not_found");
    return [];
  });
}

async function closedMeanwhile(t: Test, system: MediaSystem): Promise<void> {
  await leaving(t, "a room closed to files while one is on its way", system, async (t, user, roomId) => {
    system.faults.request = async (subject, forward) => {
      if (subject !== "khui.rpc.messages.send") return forward();
      system.faults.request = undefined;
      const closed = await user.put(`/rooms/${roomId}/settings`, { settings: { allowMediaUpload: false } });
      t.equal(closed.status, 200);
      return forward();
    };
    t.equal((await send(system.url, user, roomId, await picture())).body.code, "media_not_allowed");
    t.equal((await send(system.url, user, roomId, await picture())).body.code, "media_not_allowed", "and from then on");
    return [];
  });
}

async function repeatedElsewhere(t: Test, system: MediaSystem): Promise<void> {
  await leaving(t, "a client id that was used in another room", system, async (t, user, roomId) => {
    const other = await groupRoom(user, []);
    const clientMessageId = `id-${Math.random()}`;
    const first = await send(system.url, user, other, await picture({ clientMessageId }));
    t.equal(first.status, 201);
    const inForm = await send(system.url, user, roomId, await picture({ clientMessageId }));
    t.match(inForm, { status: 409, body: { code: "idempotency_conflict" } });
    const headers = { "idempotency-key": clientMessageId };
    const inHeader = await send(system.url, user, roomId, { ...(await picture()), headers });
    t.match(inHeader, { status: 409, body: { code: "idempotency_conflict" } });
    return both(fileIdOf(first.body.data));
  });
}

const boundary = "----a-boundary";
const head = `--${boundary}\r\ncontent-disposition: form-data; name="type"\r\n\r\nfile\r\n--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\n\r\n`;

async function brokenOff(t: Test, system: MediaSystem): Promise<void> {
  const begin = (token: string, roomId: string, headers: Record<string, string | number>) =>
    request(`${system.url}/api/v1/chat/rooms/${roomId}/messages/media`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": `multipart/form-data; boundary=${boundary}`,
        ...headers,
      },
    });
  for (const headers of [{ "content-length": 1_000_000 }, { "transfer-encoding": "chunked" }]) {
    await leaving(t, `a body that breaks off (${Object.keys(headers)})`, system, async (t, { token }, roomId) => {
      const sending = begin(token, roomId, headers);
      const failed = new Promise((resolve) => sending.on("error", () => undefined).on("close", resolve));
      sending.write(head + "x".repeat(100_000));
      await eventually(async () => (await system.scratch()).length === 1);
      t.pass("the file is on its way");
      sending.destroy();
      await failed;
      return [];
    });
  }
  await leaving(t, "a body that ends without its end", system, async (t, { token }, roomId) => {
    const sending = begin(token, roomId, { "transfer-encoding": "chunked" });
    sending.end(head + "x".repeat(1_000));
    const [response] = await once(sending, "response");
    t.equal(response.statusCode, 400);
    const answer = JSON.parse(Buffer.concat(await response.toArray()).toString());
    t.match(answer, { success: false, code: "upload_incomplete" });
    return [];
  });
}

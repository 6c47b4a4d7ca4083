// Avatars: a picture becomes squares that anyone may fetch, and whose address rooms and people take.
import { avatarPath, routes } from "@khui/contracts";
import {
  fromPhone,
  html,
  joined,
  made,
  noise,
  plainText,
  redAndBlue,
  secrets,
  svg,
} from "@khui/test-kit/files/media-files";
import { bearer, good, refused } from "@khui/test-kit/rest-answers";
import { groupRoom, type User, useSystem } from "@khui/test-kit/system";
import sharp from "sharp";
import t, { type Test } from "tap";
import { type Field, fixture, formOf, mediaScene } from "./media-scene.js";

const system = await useSystem(t);
const { open, absolute } = mediaScene(system);
const file = (bytes: Uint8Array<ArrayBuffer>): Field => ["file", new File([bytes], "me")];

async function post(user: User | undefined, ...fields: readonly Field[]) {
  const init = { method: "POST", body: formOf(...fields), headers: user ? bearer(user) : {} };
  const response = await fetch(`${system.url}/api/v1/chat/avatars`, init);
  return { status: response.status, body: await response.json(), headers: response.headers };
}

async function upload(t: Test, user: User, bytes: Uint8Array<ArrayBuffer>) {
  const { data } = good(t, routes.uploadAvatar, await post(user, file(bytes)));
  return { avatar: data.avatar, sizes: data.sizes as Record<string, string> };
}

t.test("a picture becomes squares of three sizes, upright, without metadata, for anyone and for ever", async (t) => {
  const user = system.newUser();
  const photo = await made(fromPhone(600, 400).jpeg());
  const { avatar, sizes } = await upload(t, user, photo);
  t.same(Object.keys(sizes), ["96", "256", "512"]);
  t.equal(avatar, sizes[256]);
  for (const [size, address] of Object.entries(sizes)) {
    const { status, headers, bytes } = await open(address);
    t.equal(status, 200);
    t.match(await sharp(bytes).metadata(), { format: "webp", width: Number(size), height: Number(size) });
    t.equal(headers.get("content-type"), "image/webp");
    t.equal(headers.get("cache-control"), "public, max-age=31536000, immutable");
    t.equal(headers.get("cross-origin-resource-policy"), "cross-origin");
    t.equal(headers.get("x-content-type-options"), "nosniff");
    t.match(headers.get("content-disposition"), /^inline/);
    const known = await open(address, { headers: { "if-none-match": headers.get("etag") ?? "" } });
    t.equal(known.status, 304);
    for (const secret of secrets) t.notOk(bytes.includes(secret), `no ${secret}`);
    const redAt = async (top: number) => {
      const part = await sharp(bytes).extract({ left: 4, top, width: 8, height: 8 }).toBuffer();
      return (await sharp(part).stats()).channels[0]!.mean;
    };
    t.ok((await redAt(0)) > 200 && (await redAt(Number(size) - 8)) < 60, "it was taken lying on its side");
  }
});

t.test("the same picture has the same address, and another one another", async (t) => {
  const [a, b] = [system.newUser(), system.newUser()];
  const [one, other] = [await made(noise(300, 200).png()), await made(noise(300, 200).png())];
  const first = await upload(t, a, one);
  t.same(await upload(t, b, one), first);
  t.not((await upload(t, a, other)).avatar, first.avatar);
});

t.test(
  "all pictures that can be sent can be avatars, small ones too, and of an animation the first frame",
  async (t) => {
    const user = system.newUser();
    const pictures = [
      await made(redAndBlue(1, 1).png()),
      await made(redAndBlue(2000, 10).webp()),
      await made(redAndBlue(64, 64).avif({ effort: 0 })),
      await fixture("animated.gif"),
    ];
    for (const picture of pictures) {
      const { bytes } = await open((await upload(t, user, picture)).avatar);
      const { width, height, pages = 1 } = await sharp(bytes).metadata();
      t.same([width, height, pages], [256, 256, 1]);
    }
  },
);

t.test("rooms and people take the address", async (t) => {
  const user = system.newUser();
  const { avatar } = await upload(t, user, await made(noise(100, 100).jpeg()));
  const body = { type: "group", name: "a room", activityId: "a", avatar };
  const { chatRoom } = good(t, routes.createRoom, await user.post("/rooms", body));
  t.equal(chatRoom.avatar, avatar);
  const roomId = await groupRoom(user, []);
  const changed = await user.put(`/rooms/${roomId}/settings`, { avatar });
  t.equal(good(t, routes.updateSettings, changed).chatRoom.avatar, avatar);
  const admin = system.newUser("Admin", { scope: "chat:admin" });
  good(t, routes.upsertUsers, await admin.put("/users", { users: [{ _id: user.id, name: "A", avatar }] }));
  const other = system.newUser("Other", { avatar });
  await groupRoom(other, [user]);
  const { participants } = good(
    t,
    routes.getRoom,
    await other.get(`/rooms/${await groupRoom(other, [user])}`),
  ).chatRoom;
  t.same(
    participants.map((participant) => participant.avatar),
    [avatar, avatar],
  );
});

t.test("what is no picture is refused, with what to send instead", async (t) => {
  const user = system.newUser();
  const picture = await made(redAndBlue(10, 10).png());
  refused(t, await post(undefined, file(picture)), "unauthorized");
  refused(t, await post(user), "no_file");
  refused(t, await post(user, file(picture), file(picture)), "too_many_files");
  for (const bytes of [svg, html, plainText, await fixture("video.mp4"), await made(redAndBlue(9, 9).tiff())]) {
    const answer = await post(user, file(bytes));
    refused(t, answer, "unsupported_media_type");
    t.match(answer.body, { details: { accepted: ["image/jpeg", "image/png", "image/webp", "image/gif"] } });
  }
  const photo = await made(noise(200, 200).jpeg());
  refused(t, await post(user, file(photo.slice(0, photo.length / 2))), "damaged_file");
  refused(t, await post(user, file(joined(photo, new Uint8Array(10 * 1024 * 1024)))), "file_too_large");
});

t.test("an avatar that there is not is not found", async (t) => {
  const digest = "0123456789abcdef0123456789abcdef01234567";
  const paths = [
    avatarPath(digest, 96),
    avatarPath(digest, 100),
    avatarPath(digest.toUpperCase(), 96),
    avatarPath("..%2f..%2f", 96),
    "/api/v1/chat/avatars/",
    `/api/v1/chat/avatars/${digest}`,
  ];
  for (const path of paths) t.equal((await fetch(absolute(path))).status, 404, path);
});

// Publishing a set: its answers, and that it is atomic, also with several replicas at once.
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { setImmediate } from "node:timers/promises";
import { type Blobs, BlobsUnavailable } from "@khui/blobs";
import type { StickerManifest, StickerSetManifest } from "@khui/contracts";
import { type Database, type Db, sql } from "@khui/database";
import {
  archive,
  coin,
  type Files,
  filesOf,
  json,
  manifest,
  moving,
  sticker,
  still,
} from "@khui/test-kit/files/sticker-sets";
import { until } from "@khui/test-kit/until";
import t, { before, test } from "tap";
import { checkSet } from "../src/publishing/checks.js";
import { createPublisher } from "../src/publishing/publisher.js";
import { stickersOf } from "../src/store/catalogue.js";
import { memoryBlobs } from "./memory-blobs.js";
import { openReplicas } from "./postgres.js";
import { issuesOf, openRig, type Rig } from "./rig.js";

let replicas: Database[];
let rig: Rig;
before(async () => {
  replicas = await openReplicas(t, 2);
  rig = await openRig(t, { database: replicas[0]! });
});

const unknownId = "0123456789abcdef01234567";
const checked = async (content: StickerManifest, seed?: number) =>
  checkSet(new Map(Object.entries(await filesOf(content, seed)).map(([name, bytes]) => [name, Buffer.from(bytes)])));

async function sets(db: Db, key: string) {
  const { rows } = await sql<{ id: string; author: string; cover: string; sticker_count: number; updated_at: Date }>`
    SELECT id, author, cover, sticker_count, updated_at FROM stickers.sets WHERE key = ${key}`.execute(db);
  return rows;
}

test("a new set is published, the same set again changes nothing, and other content updates it under its id", async (t) => {
  const content = manifest("life");
  const files = await filesOf(content);
  const first = await rig.submit(archive(files));
  t.match(first, { status: 201, body: { success: true, message: "Sticker set published", data: { key: "life" } } });
  const { _id, updatedAt } = first.body.data as StickerSetManifest;

  const again = await rig.submit(archive(files, "any folder/"));
  t.match(again, { status: 200, body: { message: "The sticker set is already up to date", data: { _id, updatedAt } } });

  const changed = { ...content, stickers: [sticker("b", { keywords: ["new"] })], cover: "b.webp" };
  const { "a.webp": _gone, ...rest } = files;
  const update = await rig.submit(archive({ ...rest, "manifest.json": json(changed) }));
  t.match(update, { status: 200, body: { message: "Sticker set updated", data: { _id, stickerCount: 1 } } });
  const data = update.body.data as StickerSetManifest;
  t.same(
    data.stickers.map(({ stickerId, keywords }) => [stickerId, keywords]),
    [["b", ["new"]]],
  );
  t.ok(data.updatedAt > updatedAt);
});

test("pictures that an update drops stay, since messages show them", async (t) => {
  const content = manifest("kept");
  const { cover } = await rig.publish(content);
  await rig.publish(content, { ...(await filesOf(content)) });
  t.equal((await rig.app.inject({ url: new URL(cover).pathname })).statusCode, 200);
});

test("a set is updated by its id only with a manifest of its key", async (t) => {
  const content = manifest("by-id");
  const { _id } = await rig.publish(content);
  const changed = archive(await filesOf({ ...content, author: "Someone else" }));
  t.match(await rig.submit(changed, _id), { status: 200, body: { data: { _id, author: "Someone else" } } });
  const wrong = await rig.submit(archive({ ...(await filesOf(manifest("other-key"))), "junk.txt": json("x") }), _id);
  t.match(wrong, { status: 400, body: { code: "invalid_sticker_set" } });
  t.ok(issuesOf(wrong.body).includes("/key: is not the key of this set: by-id"));
  t.ok(issuesOf(wrong.body).includes("junk.txt: is not named in the manifest"));
  t.match(await rig.submit(changed, unknownId), { status: 404, body: { code: "sticker_set_not_found" } });
});

test("publishing a retired set restores it under its id", async (t) => {
  const content = manifest("revived");
  const files = await filesOf(content);
  const { _id } = await rig.publish(content, files);
  await rig.ask("admin", "DELETE", `/stickers/sets/${_id}`);
  t.match(await rig.submit(archive(files)), { status: 200, body: { data: { _id, retired: false } } });
  t.match(await rig.ask("u", "POST", `/stickers/sets/${_id}/download`), { status: 200 });
});

test("an incomplete set is refused with all issues, and leaves nothing", async (t) => {
  const stored = rig.blobs.stored.size;
  const content = manifest("broken", { stickers: [sticker("a"), sticker("b"), sticker("c")] });
  const files: Files = {
    ...(await filesOf(content)),
    "b.webp": await moving(9),
    "d.webp": await still(3, "png", 1025, 4),
  };
  delete files["c.webp"];
  const { status, body } = await rig.submit(archive(files));
  t.match([status, body.code], [400, "invalid_sticker_set"]);
  t.same(issuesOf(body), [
    "/stickers/2/file: names a file that is not there: c.webp",
    "d.webp: is not named in the manifest",
    "d.webp: has 1025 × 4 pixels; 1024 × 1024 are allowed",
    "b.webp: has more than one frame in a static set",
  ]);
  t.same(await sets(rig.database.kysely(), "broken"), []);
  t.equal(rig.blobs.stored.size, stored);
});

test("other bodies, and forms without exactly one file, are refused", async (t) => {
  const url = `${rig.url}/api/v1/chat/stickers/sets`;
  const headers = rig.sign("admin", true);
  const send = async (body: FormData | string, type?: string) => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { ...headers, ...(type ? { "content-type": type } : {}) },
      body,
    });
    return [answer.status, ((await answer.json()) as { code: string }).code];
  };
  const form = (...files: Array<[string, Buffer]>) => {
    const data = new FormData();
    data.append("note", "not looked at");
    for (const [name, bytes] of files) data.append(name, new Blob([new Uint8Array(bytes)]), "set.zip");
    return data;
  };
  const whole = archive(await filesOf(manifest("form")));
  t.same(await send("{}", "application/json"), [415, "unsupported_media_type"]);
  t.same(await send(form()), [400, "no_file"]);
  t.same(await send(form(["file", Buffer.alloc(0)])), [400, "empty_file"]);
  t.same(await send(form(["file", whole], ["file", whole])), [400, "too_many_files"]);
  t.same(await send(form(["picture", whole])), [400, "invalid_request"]);
  t.same(await send(form(["file", Buffer.alloc(20 * 1024 * 1024 + 1)])), [413, "file_too_large"]);
  t.same(await send(form(["file", Buffer.from("no archive")])), [400, "invalid_sticker_set"]);
  t.same(await send("--x\r\nbroken", "multipart/form-data; boundary=x"), [400, "upload_incomplete"]);
});

test("uploads that break off leave nothing, and the next one goes through", async (t) => {
  const before = rig.handled();
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(archive(await filesOf(manifest("cut"))))]), "set.zip");
  const request = new Request("http://form.invalid", { method: "POST", body: form });
  const bytes = Buffer.from(await request.arrayBuffer());
  const headers = { ...rig.sign("admin", true), "content-type": request.headers.get("content-type") ?? "" };
  // More than are read at once: some break off while they are read, some while they wait.
  const uploads = Array.from({ length: 10 }, () => {
    const upload = httpRequest(`${rig.url}/api/v1/chat/stickers/sets`, { method: "POST", headers });
    upload.write(bytes.subarray(0, 100));
    return { upload, failed: t.rejects(once(upload, "response"), { code: "ECONNRESET" }) };
  });
  while (rig.handled() < before + uploads.length) await setImmediate();
  for (const { upload, failed } of uploads.reverse()) {
    upload.destroy();
    await failed;
  }
  t.match(await rig.publish(manifest("after-the-cut")), { key: "after-the-cut" });
});

test("a blob store that fails at any call leaves no set behind, and the next try publishes it", async (t) => {
  const db: Db = replicas[0]!.kysely();
  const set = await checked(coin("failing"));
  for (let n = 1; ; n++) {
    const blobs = memoryBlobs();
    let calls = 0;
    blobs.failing = () => ++calls === n;
    const publisher = createPublisher(db, blobs);
    if (n > 6) {
      t.match(await publisher.publish(set), { result: "published" });
      t.equal(blobs.stored.size, 3);
      break;
    }
    await t.rejects(publisher.publish(set), BlobsUnavailable, `call ${n}`);
    t.same(await sets(db, "failing"), [], "no set is there");
  }
});

test("a set that the database refuses halfway does not exist", async (t) => {
  const db: Db = replicas[0]!.kysely();
  const blobs = memoryBlobs();
  const publisher = createPublisher(db, blobs);
  const set = await checked(manifest("halfway"));
  const [first] = set.manifest.stickers;
  // Two of one id get past the set's own row, and not into the table of stickers.
  const twice = { ...set, manifest: { ...set.manifest, stickers: [first!, first!] } };
  await t.rejects(publisher.publish(twice), { code: "23505" });
  t.same(await sets(db, "halfway"), []);
});

test("a failing publish removes no picture that another replica has found in the store", async (t) => {
  const [one, two] = replicas.map((replica) => replica.kysely<Record<string, never>>());
  const blobs = memoryBlobs();
  const first = await checked(manifest("fails"), 40);
  const second = await checked(manifest("counts-on-it", { stickers: [sticker("a"), sticker("b"), sticker("c")] }), 40);
  const shared = `stickers/${second.pictures.get("a.webp")?.asset}`;
  let failed = false;
  const failing: Blobs = {
    ...blobs,
    async put(name, content, type) {
      if (name === shared) return blobs.put(name, content, type);
      await until("both have asked", () => blobs.calls.filter((call) => call === `stat ${shared}`).length === 2);
      throw new BlobsUnavailable("it failed");
    },
  };
  const slow: Blobs = {
    ...blobs,
    async put(name, content, type) {
      await until("the other has failed", () => failed);
      return blobs.put(name, content, type);
    },
  };
  const publishings = [createPublisher(one!, failing).publish(first)];
  await until("it is stored", () => blobs.stored.has(shared));
  publishings.push(createPublisher(two!, slow).publish(second));
  await t.rejects(publishings[0]!, BlobsUnavailable);
  failed = true;
  t.match(await publishings[1], { result: "published" });
  for (const picture of second.pictures.values()) t.ok(blobs.stored.has(`stickers/${picture.asset}`), picture.asset);
});

test("publishing again restores pictures that the store has lost", async (t) => {
  const blobs = memoryBlobs();
  const publisher = createPublisher(replicas[0]!.kysely(), blobs);
  const set = await checked(manifest("healed"));
  await publisher.publish(set);
  const [lost] = blobs.stored.keys();
  blobs.stored.delete(lost ?? "");
  t.match(await publisher.publish(set), { result: "unchanged" });
  t.ok(blobs.stored.has(lost ?? ""));
});

test("publishing is atomic: of two replicas with different contents one wins completely", async (t) => {
  const [one, two] = replicas.map((replica) => replica.kysely<Record<string, never>>());
  const contents = [
    manifest("raced", { author: "two stickers" }),
    manifest("raced", { author: "three stickers", stickers: [sticker("a"), sticker("b"), sticker("c")] }),
  ];
  const [first, second] = await Promise.all(contents.map((content) => checked(content)));
  const blobs = memoryBlobs();
  const publishers = [createPublisher(one!, blobs), createPublisher(two!, blobs)];
  for (let round = 0; round < 10; round++) {
    const results = await Promise.all([publishers[0]!.publish(first!), publishers[1]!.publish(second!)]);
    t.equal(new Set(results.map(({ setId }) => setId)).size, 1, "both speak of one set");
    const [row, ...more] = await sets(one!, "raced");
    t.same(more, []);
    const stickers = await stickersOf(one!, [row?.id ?? ""]);
    t.equal(stickers.length, row?.author === "two stickers" ? 2 : 3);
    t.equal(row?.sticker_count, stickers.length);
  }
});

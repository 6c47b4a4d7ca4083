// Invalid archives: refused with all their issues, without a trace of a set, and the server keeps working.
import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { type ErrorCode, routes, stickerAssetPath } from "@khui/contracts";
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
import { type Answer, bearer, good, refused } from "@khui/test-kit/rest-answers";
import { useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { handMade } from "./media-scene.js";
import { ownPicture, stickerScene, word } from "./sticker-scene.js";

const system = await useSystem(t);
const { admin, submit, upload, publish, setOf, stickersOf, listed, found, open } = stickerScene(system);

/** A valid set, found in a list by its category and in a search by its keyword once it is published. */
async function scene() {
  const [key, category, keyword] = [word(), word(), word()];
  const content = manifest(key, { category, stickers: [sticker("a", { keywords: [keyword] }), sticker("b")] });
  const picture = await ownPicture();
  return { content, category, keyword, picture, files: { ...(await filesOf(content)), "a.webp": picture } };
}
type Scene = Awaited<ReturnType<typeof scene>>;

/** Asserts that nothing of the set is visible anywhere, and that a valid archive publishes it as new. */
async function leftNothing(t: Test, { category, keyword, picture, content, files }: Scene): Promise<void> {
  t.strictSame(await listed(t, admin, { category }), []);
  t.strictSame(await found(t, admin, keyword), []);
  const asset = `${createHash("sha256").update(picture).digest("hex").slice(0, 40)}.webp`;
  t.equal((await open(stickerAssetPath(asset))).status, 404, "its picture is not kept");
  await publish(t, content, files);
  t.strictSame(await listed(t, admin, { category }), [content.key]);
  t.equal((await open(stickerAssetPath(asset))).status, 200);
}

const faultsOf = ({ body }: Answer) =>
  (body as { details?: { faults?: Array<{ path: string; message: string }> } }).details?.faults ?? [];
const pathsOf = (answer: Answer) => [...new Set(faultsOf(answer).map(({ path }) => path))].sort();

type Change = (files: Files, content: Scene["content"]) => Files | Promise<Files>;
const png = await still(1, "png", 1025, 10);
const noise = Buffer.concat([(await ownPicture()).subarray(0, 12), randomBytes(1_100_000)]);
const inManifest =
  (change: object): Change =>
  (files, content) => ({ ...files, "manifest.json": json({ ...content, ...change }) });

const cases: Array<readonly [what: string, paths: string[], change: Change]> = [
  ["no manifest", ["manifest.json"], ({ "manifest.json": _, ...files }) => files],
  ["a manifest that is no JSON", ["manifest.json"], (files) => ({ ...files, "manifest.json": Buffer.from("{") })],
  ["a manifest of another shape", ["/"], (files) => ({ ...files, "manifest.json": json({}) })],
  [
    "fields of other kinds",
    ["/author", "/free", "/title/th"],
    inManifest({ author: 1, free: "yes", title: { th: "", en: "x" } }),
  ],
  ["a field that is not known", ["/mood"], inManifest({ mood: "bad" })],
  [
    "a key that is none",
    ["/category", "/key"],
    inManifest({ key: "../../../services/standalone/test/Fong", category: "Two Words" }),
  ],
  ["no stickers", ["/stickers"], inManifest({ stickers: [] })],
  [
    "ids that are there twice",
    ["/stickers/1/id"],
    inManifest({ stickers: [sticker("a"), sticker("a", { file: "b.webp" })] }),
  ],
  ["a file that is not there", ["/stickers/1/file"], ({ "b.webp": _, ...files }) => files],
  ["a cover that is not there", ["/cover"], inManifest({ cover: "c.webp" })],
  ["a file that is not named", ["c.webp"], async (files) => ({ ...files, "c.webp": await ownPicture() })],
  ["a picture that is none", ["b.webp"], (files) => ({ ...files, "b.webp": Buffer.from("<svg/>") })],
  ["half a picture", ["b.webp"], (files) => ({ ...files, "b.webp": files["a.webp"]!.subarray(0, 300) })],
  ["a picture too wide", ["b.webp"], (files) => ({ ...files, "b.webp": png })],
  ["a picture of too many bytes", ["b.webp"], (files) => ({ ...files, "b.webp": noise })],
  ["a moving picture in a static set", ["b.webp"], async (files) => ({ ...files, "b.webp": await moving(3) })],
  ["still pictures in an animated set", ["a.webp", "b.webp"], inManifest({ type: "animated" })],
  [
    "an interactive set that draws nothing",
    ["/stickers/0/interactive", "/stickers/1/interactive"],
    inManifest({ type: "interactive" }),
  ],
  [
    "names that lead elsewhere",
    ["../../../services/standalone/test/c.webp", "/etc/x"],
    (files) => ({ ...files, "../../../services/standalone/test/c.webp": png, "/etc/x": png }),
  ],
  [
    "files in two folders",
    ["manifest.json", "one/a.webp", "two/b.webp"],
    () => ({ "one/a.webp": json(1), "two/b.webp": json(2) }),
  ],
  [
    "several issues at once",
    ["/stickers/1/file", "b.gif", "c.webp"],
    ({ "b.webp": _, ...files }) => ({ ...files, "c.webp": json(1), "b.gif": png }),
  ],
];

t.test("all issues of a set are reported, and nothing of it is kept", async (t) => {
  for (const [what, paths, change] of cases) {
    const it = await scene();
    const answer = await upload(archive(await change(it.files, it.content)));
    refused(t, answer, "invalid_sticker_set", what);
    t.strictSame(pathsOf(answer), paths, what);
    t.ok(faultsOf(answer).length > 0 && faultsOf(answer).every(({ message }) => message !== ""), what);
    await leftNothing(t, it);
  }
});

t.test("an interactive set with invalid parameters or outcomes is refused", async (t) => {
  const content = coin(word());
  const [one] = content.stickers;
  const { outcomes } = one!.interactive!;
  const bet = { type: "choice", values: ["x", "x"] };
  const n = { type: "integer", minimum: 2, maximum: 1 };
  for (const [interactive, paths] of [
    [{ takes: { bet, n }, outcomes }, ["/takes/bet/values/1", "/takes/n"]],
    [{ takes: { outcome: { type: "text", maxLength: 10 } }, outcomes }, ["/takes/outcome"]],
    [{ takes: {}, outcomes: [outcomes[0], outcomes[0]] }, ["/outcomes/1/id"]],
    [{ takes: {}, outcomes: [outcomes[0]] }, ["/outcomes"]],
  ] as const) {
    const stickers = [{ ...one, interactive }];
    const files = { ...(await filesOf(content)), "manifest.json": json({ ...content, stickers }) };
    const answer = await upload(archive(files));
    refused(t, answer, "invalid_sticker_set");
    const told = pathsOf(answer).filter((path) => path.startsWith("/"));
    t.strictSame(
      told,
      paths.map((path) => `/stickers/0/interactive${path}`),
    );
  }
  t.strictSame(await listed(t, admin, { search: content.key }), []);
});

t.test("a refused update leaves the set unchanged", async (t) => {
  const { content, category, files } = await scene();
  const { stickers, ...set } = await publish(t, content, files);
  const bad = archive({ ...files, "manifest.json": json({ ...content, author: "New", cover: "gone.webp" }) });
  for (const setId of [undefined, set._id]) refused(t, await upload(bad, setId), "invalid_sticker_set");
  t.strictSame(await setOf(t, admin, set._id), set);
  t.strictSame(await stickersOf(t, admin, set._id), stickers);
  t.strictSame(await listed(t, admin, { category }), [content.key]);
});

t.test("invalid, oversized and zip-bomb archives are refused", async (t) => {
  const it = await scene();
  const zip = archive(it.files);
  const bomb = archive({ ...it.files, "c.webp": new Uint8Array(64 * 1024 * 1024) });
  t.ok(bomb.length < 1024 * 1024);
  const many = Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`${i}.webp`, json(i)]));
  const cases: Array<readonly [what: string, code: ErrorCode, content: Uint8Array]> = [
    ["a text", "invalid_sticker_set", Buffer.from("this is no archive, however long one looks")],
    ["a picture", "invalid_sticker_set", it.picture],
    ["noise", "invalid_sticker_set", randomBytes(100_000)],
    ["half an archive", "invalid_sticker_set", zip.subarray(0, zip.length / 2)],
    ["an archive with its end alone", "invalid_sticker_set", zip.subarray(zip.length - 22)],
    ["an archive with a damaged file", "invalid_sticker_set", damaged(zip)],
    ["more than 500 files", "invalid_sticker_set", archive(many)],
    ["64 MB in a few", "invalid_sticker_set", bomb],
    ["21 MB", "file_too_large", randomBytes(21 * 1024 * 1024)],
  ];
  for (const [what, code, content] of cases) {
    const answer = await upload(content);
    refused(t, answer, code, what);
    if (code === "invalid_sticker_set") t.equal(faultsOf(answer).length, 1, what);
  }
  await leftNothing(t, it);
});

/** The archive with one bit of its first file flipped. */
function damaged(zip: Buffer): Buffer {
  const copy = Buffer.from(zip);
  const at = 30 + copy.readUInt16LE(26) + copy.readUInt16LE(28) + 20;
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
}

t.test("uploads that are cut off leave nothing, and the server keeps working", async (t) => {
  const it = await scene();
  const zip = archive(it.files);
  const part = 'name="file"; filename="set.zip"';
  const whole = handMade([[part, zip]]);
  const open = handMade([[part, zip]], { closed: false });
  refused(t, await submit(admin, { body: new Uint8Array(open.body), headers: open.headers }), "upload_incomplete");
  // Twice as many as are unpacked concurrently.
  await Promise.all(
    Array.from({ length: 8 }, (_, i) => breakOff(whole.headers, whole.body, Math.round((whole.body.length * i) / 8))),
  );
  await leftNothing(t, it);
});

/** Announces the whole body, sends this many bytes of it and disconnects. */
async function breakOff(headers: Record<string, string>, body: Buffer, bytes: number): Promise<void> {
  const { hostname, port } = new URL(system.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  const lines = { host: `${hostname}:${port}`, ...bearer(admin), ...headers, "content-length": `${body.length}` };
  socket.write(`POST ${routes.publishStickerSet.url} HTTP/1.1\r\n`);
  socket.write(
    `${Object.entries(lines)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join("")}\r\n`,
  );
  await new Promise<void>((resolve) => socket.write(body.subarray(0, bytes), () => resolve()));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.destroy();
  await closed;
}

t.test("valid sets are published while many bad ones are uploaded", async (t) => {
  const good_ = await Promise.all(Array.from({ length: 4 }, scene));
  const bad = Array.from({ length: 12 }, (_, i) =>
    i % 2 ? upload(randomBytes(1_000_000)) : upload(archive({ "a.webp": png })),
  );
  const published = await Promise.all(good_.map(({ files }) => upload(archive(files))));
  for (const answer of published) good(t, routes.publishStickerSet, answer);
  for (const answer of await Promise.all(bad)) refused(t, answer, "invalid_sticker_set");
});

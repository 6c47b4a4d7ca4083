// What is refused before anything is published: hostile archives and incomplete sets.
import { crc32 } from "node:zlib";
import { ChatError } from "@khui/contracts";
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
import { zipSync } from "fflate";
import sharp from "sharp";
import { test } from "tap";
import { checkSet, withoutFolder } from "../src/publishing/checks.js";
import { unzip } from "../src/publishing/zip.js";

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** The issues, as `path: message`; none when the set is accepted. */
async function refusal(work: Promise<unknown>): Promise<string[]> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ChatError) || error.code !== "invalid_sticker_set") throw error;
    const { faults: issues } = error.details as { faults: Array<{ path: string; message: string }> };
    return issues.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

const check = (files: Files) =>
  checkSet(new Map(Object.entries(files).map(([name, file]) => [name, Buffer.from(file)])));

/** Overwrites a 32-bit field of the directory's record of `name`, counted from the record's beginning. */
function tamper(zip: Buffer, name: string, field: number, value: number): Buffer {
  const changed = Buffer.from(zip);
  const at = changed.lastIndexOf(name) - 46;
  changed.writeUInt32LE(value, at + field);
  return changed;
}

test("files are unpacked unchanged, from the top or from their one folder", async (t) => {
  const files: Files = { "manifest.json": bytes("{}"), "a.webp": bytes("x".repeat(5000)), "empty.webp": bytes("") };
  const expected = Object.entries(files).map(([name, file]) => [name, Buffer.from(file)] as const);
  t.same([...withoutFolder(await unzip(archive(files)))], expected);
  t.same([...withoutFolder(await unzip(archive(files, "my set/")))], expected);
});

test("folders and what macOS adds are left out", async (t) => {
  const noise = { "set/": bytes(""), "set/.DS_Store": bytes("x"), "__MACOSX/set/._a.webp": bytes("x") };
  const files = await unzip(archive({ ...noise, "set/manifest.json": bytes("{}"), "set/a.webp": bytes("a") }));
  t.same([...withoutFolder(files).keys()], ["manifest.json", "a.webp"]);
});

test("files of two folders are not beside their manifest", async (t) => {
  const files = await unzip(archive({ "one/manifest.json": bytes("{}"), "two/a.webp": bytes("a") }));
  t.same([...withoutFolder(files).keys()], ["one/manifest.json", "two/a.webp"]);
});

test("other files, and truncated archives, are refused", async (t) => {
  const zip = archive({ "manifest.json": bytes("{}") });
  for (const content of [Buffer.from("no archive at all, but long enough"), Buffer.alloc(3), zip.subarray(0, -1)]) {
    t.same(await refusal(unzip(content)), [": is not a ZIP archive"]);
  }
  t.same(await refusal(unzip(tamper(zip, "manifest.json", 0, 0))), [": is a damaged or a ZIP64 archive"]);
});

test("names that lead out of the folder are refused", async (t) => {
  const names = ["../evil.webp", "/etc/passwd", "a/../../b", "a\\b.webp", "C:evil", "a//b", "./a", "a\nb"];
  for (const name of names) {
    t.same(await refusal(unzip(archive({ [name]: bytes("x") }))), [`${name}: is not a name for a file`]);
  }
});

test("duplicate names are refused", async (t) => {
  const zip = archive({ "a.webp": bytes("1"), "b.webp": bytes("2") });
  const twice = Buffer.from(zip.toString("latin1").replaceAll("b.webp", "a.webp"), "latin1");
  t.same(await refusal(unzip(twice)), ["a.webp: is in the archive twice"]);
});

test("encrypted files, and those packed by other methods, are refused", async (t) => {
  const zip = archive({ "a.webp": bytes("x".repeat(100)) });
  // Flags and method stand in one 32-bit field.
  t.same(await refusal(unzip(tamper(zip, "a.webp", 8, 0x0008_0001))), ["a.webp: is encrypted"]);
  t.same(await refusal(unzip(tamper(zip, "a.webp", 8, 0x000e_0000))), ["a.webp: is packed in a way that is not known"]);
});

test("an archive that states too large a size is refused before it is unpacked", async (t) => {
  const limits = { bytes: 1000, entries: 3 };
  const two = { "a.webp": bytes("x".repeat(600)), "b.webp": bytes("y".repeat(600)) };
  t.same(await refusal(unzip(archive(two), limits)), [": unpacks to 1200 bytes; 1000 are allowed"]);
  const many = Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, bytes(name)]));
  t.same(await refusal(unzip(archive(many), limits)), [": has 4 entries; 3 are allowed"]);
});

test("a file larger than the archive states is refused without being unpacked to its end", async (t) => {
  const bomb = archive({ "a.webp": new Uint8Array(50_000_000) });
  t.ok(bomb.length < 100_000);
  const before = process.memoryUsage().rss;
  t.same(await refusal(unzip(tamper(bomb, "a.webp", 24, 1000))), [
    "a.webp: is damaged, or not of the size the archive states",
  ]);
  t.ok(process.memoryUsage().rss - before < 40_000_000);
});

test("a file smaller than the archive states, or of another checksum, is refused", async (t) => {
  const zip = archive({ "a.webp": bytes("x".repeat(1000)) });
  const damaged = "a.webp: is damaged, or not of the size the archive states";
  t.same(await refusal(unzip(tamper(zip, "a.webp", 24, 1001))), [damaged], "size");
  t.same(await refusal(unzip(tamper(zip, "a.webp", 16, 12345))), [damaged], "checksum");
  t.same(await refusal(unzip(tamper(zip, "a.webp", 42, 5))), [damaged], "place");
  const stored = Buffer.from(zipSync({ "a.webp": bytes("abc") }, { level: 0 }));
  t.same(await refusal(unzip(tamper(stored, "a.webp", 24, 2))), [damaged], "stored");
});

test("overlapping entries are refused", async (t) => {
  const zip = archive({ "a.webp": bytes("1"), "b.webp": bytes("2") });
  const shared = tamper(tamper(zip, "a.webp", 20, zip.length - 60), "b.webp", 20, zip.length - 60);
  t.same(await refusal(unzip(shared)), [": is damaged"]);
});

test("a complete set of each type is accepted", async (t) => {
  t.same(await refusal(check(await filesOf(manifest("still-life")))), []);
  t.same(await refusal(check(await filesOf(manifest("moving-life", { type: "animated" })))), []);
  t.same(await refusal(check(await filesOf(coin("coins")))), []);
});

test("the digest is the same for the same files, and another for any change", async (t) => {
  const content = manifest("digest");
  const files = await filesOf(content, 5);
  const { digest } = await check(files);
  t.equal((await check(Object.fromEntries(Object.entries(files).reverse()))).digest, digest);
  const renamed = { ...content, author: "Someone" };
  t.not((await check({ ...files, "manifest.json": json(renamed) })).digest, digest);
  t.not((await check({ ...files, "b.webp": await still(99) })).digest, digest);
  t.not((await check({ ...files, "a.webp": files["b.webp"]!, "b.webp": files["a.webp"]! })).digest, digest);
});

test("a set without a readable manifest is refused, with the issues of its pictures", async (t) => {
  const pictures = { "a.webp": await still(1), "b.webp": bytes("no picture") };
  const wrong = "b.webp: is not a PNG, WebP or GIF picture";
  t.match(await refusal(check(pictures)), [/^manifest\.json: is missing/, wrong]);
  for (const content of ["{", "\xff", "[]"]) {
    const issues = await refusal(check({ ...pictures, "manifest.json": Buffer.from(content, "latin1") }));
    t.equal(issues.length, 2, content);
    t.equal(issues[1], wrong);
  }
});

test("all issues of a manifest are reported at once", async (t) => {
  const { author: _author, ...rest } = manifest("bad", { category: "No Slug", stickers: [] });
  const issues = await refusal(check({ "manifest.json": json({ ...rest, mood: "bad" }) }));
  const paths = issues.map((issue) => issue.split(":")[0]);
  t.same(paths.sort(), ["/", "/category", "/mood", "/stickers"]);
});

test("what a schema cannot express is checked: ids, files, cover", async (t) => {
  const content = manifest("rules", {
    cover: "gone.webp",
    stickers: [sticker("a"), sticker("a", { file: "b.webp" }), sticker("c")],
  });
  const files: Files = { ...(await filesOf(content)), "extra.webp": await still(7) };
  delete files["gone.webp"];
  delete files["c.webp"];
  t.same(await refusal(check(files)), [
    "/stickers/1/id: is there twice",
    "/stickers/2/file: names a file that is not there: c.webp",
    "/cover: names a file that is not there: gone.webp",
    "extra.webp: is not named in the manifest",
  ]);
});

test("a cover may be a picture of its own, and stickers may share one", async (t) => {
  const content = manifest("shared", {
    cover: "cover.webp",
    stickers: [sticker("a"), sticker("b", { file: "a.webp" })],
  });
  t.same(await refusal(check(await filesOf(content))), []);
});

test("only interactive stickers have `interactive`, and all of them do", async (t) => {
  const interactive = coin("coins").stickers[0]?.interactive;
  t.ok(interactive);
  const plain = manifest("plain", { stickers: [sticker("a", interactive ? { interactive } : {}), sticker("b")] });
  t.same(await refusal(check(await filesOf(plain))), ["/stickers/0/interactive: is not for a set of type static"]);
  const mute = manifest("mute", { type: "interactive" });
  t.same(await refusal(check(await filesOf(mute))), [
    "/stickers/0/interactive: is missing",
    "/stickers/1/interactive: is missing",
  ]);
});

test("the fields of an interactive sticker are checked, and may not have the names of those that the server adds", async (t) => {
  const content = coin("coins");
  const [first] = content.stickers;
  const outcomes = (first?.interactive?.outcomes ?? []).map((outcome) => ({ ...outcome, id: "same" }));
  const takes = {
    outcome: { type: "text" as const, maxLength: 5 },
    "not a name": { type: "text" as const, maxLength: 5 },
    stake: { type: "integer" as const, minimum: 5, maximum: 4 },
    bet: { type: "choice" as const, values: ["x", "x"] },
  };
  const files = await filesOf({ ...content, stickers: [sticker("coin", { interactive: { takes, outcomes } })] });
  const at = "/stickers/0/interactive";
  t.same(await refusal(check(files)), [
    `${at}/outcomes/1/id: is there twice`,
    `${at}/takes/outcome: is not a name that a field may have`,
    `${at}/takes/not a name: is not a name that a field may have`,
    `${at}/takes/stake: has a minimum above its maximum`,
    `${at}/takes/bet/values/1: is there twice`,
  ]);
});

test("only animated sets have animated stickers", async (t) => {
  const content = manifest("life");
  const files = await filesOf(content);
  t.same(await refusal(check({ ...files, "b.webp": await moving(3) })), [
    "b.webp: has more than one frame in a static set",
  ]);
  const animated = { ...(await filesOf({ ...content, type: "animated" })), "a.webp": await still(4) };
  t.same(await refusal(check(animated)), ["a.webp: has one frame in an animated set"]);
});

test("only PNG, WebP and GIF are accepted, detected by their bytes", async (t) => {
  const content = manifest("kinds", { stickers: [sticker("a"), sticker("b", { file: "b.png" })] });
  const taken = { "manifest.json": json(content), "a.webp": await still(1, "gif"), "b.png": await still(2, "png") };
  const { pictures } = await check(taken);
  t.match(pictures.get("a.webp")?.asset, /^[0-9a-f]{40}\.gif$/);
  t.match(pictures.get("b.png")?.asset, /^[0-9a-f]{40}\.png$/);
  const jpeg = await sharp(await still(3, "png"))
    .jpeg()
    .toBuffer();
  for (const wrong of [jpeg, bytes("<svg xmlns='http://www.w3.org/2000/svg'/>"), bytes("")]) {
    t.same(await refusal(check({ ...taken, "a.webp": wrong })), ["a.webp: is not a PNG, WebP or GIF picture"]);
  }
});

test("pictures that cannot be decoded to their end are refused", async (t) => {
  const files = await filesOf(manifest("cut"));
  for (const kind of ["webp", "png"] as const) {
    const noise = sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: "white",
        noise: { type: "gaussian", mean: 128, sigma: 40 },
      },
    });
    const whole = await noise.toFormat(kind, { quality: 100 }).toBuffer();
    t.same(await refusal(check({ ...files, "a.webp": whole })), []);
    t.same(await refusal(check({ ...files, "a.webp": whole.subarray(0, whole.length - 500) })), ["a.webp: is damaged"]);
  }
});

test("pictures of more than 1024 pixels a side or 1 MB, or with too many frames, are refused", async (t) => {
  const files = await filesOf(manifest("large"));
  t.same(await refusal(check({ ...files, "a.webp": await still(1, "png", 1024, 1024) })), []);
  t.same(await refusal(check({ ...files, "a.webp": await still(1, "png", 1025, 8) })), [
    "a.webp: has 1025 × 8 pixels; 1024 × 1024 are allowed",
  ]);
  t.same(await refusal(check({ ...files, "a.webp": withSize(await still(1, "png"), 30_000) })), [
    "a.webp: has 30000 × 30000 pixels; 1024 × 1024 are allowed",
  ]);
  const heavy = Buffer.concat([await still(1, "png"), Buffer.alloc(1024 * 1024)]);
  t.same(await refusal(check({ ...files, "a.webp": heavy })), [
    `a.webp: has ${heavy.length} bytes; 1048576 are allowed`,
  ]);
  const long = {
    ...(await filesOf(manifest("long", { type: "animated" }))),
    "a.webp": await moving(1, 33, "gif", 1024),
  };
  t.same(await refusal(check(long)), ["a.webp: has 33 frames, too many of this size"]);
});

/** A PNG that says to have other dimensions than it has. Its header follows the signature: length, IHDR, 13 bytes, checksum. */
function withSize(png: Buffer, size: number): Buffer {
  const changed = Buffer.from(png);
  changed.writeUInt32BE(size, 16);
  changed.writeUInt32BE(size, 20);
  changed.writeUInt32BE(crc32(changed.subarray(12, 29)), 29);
  return changed;
}

test("an animated PNG is refused, since sharp reads it as a still one", async (t) => {
  const png = await still(1, "png");
  const chunk = Buffer.concat([Buffer.from([0, 0, 0, 8]), Buffer.from("acTL"), Buffer.alloc(12)]);
  const at = png.indexOf("IDAT") - 4;
  const animated = Buffer.concat([png.subarray(0, at), chunk, png.subarray(at)]);
  const files = await filesOf(manifest("apng"));
  t.same(await refusal(check({ ...files, "a.webp": animated })), [
    "a.webp: is an animated PNG; WebP and GIF may be animated",
  ]);
});

test("the size of the refusal is limited", async (t) => {
  const names = Array.from({ length: 400 }, (_, i) => `${"x".repeat(300)}${i}`);
  const issues = await refusal(check(Object.fromEntries(names.map((name) => [name, bytes(name)]))));
  t.ok(issues.length <= 200);
  t.ok(JSON.stringify(issues).length < 200_000);
});

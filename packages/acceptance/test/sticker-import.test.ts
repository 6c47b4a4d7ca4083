// The built command that imports a sticker set, against a running system.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "@khui/backends/probes";
import { errorText, noticeText } from "@khui/contracts";
import { archive, coin, type Files, filesOf, json, manifest } from "@khui/test-kit/files/sticker-sets";
import { useSystem } from "@khui/test-kit/system";
import t, { type Test } from "tap";
import { stickerScene, word } from "./sticker-scene.js";

const system = await useSystem(t);
const { admin, listed, setOf, stickersOf, retire, picture } = stickerScene(system);

const main = fileURLToPath(new URL("../../../services/sticker-service/dist/import/main.js", import.meta.url));
const asAdmin = { KHUI_URL: system.url, KHUI_TOKEN: admin.token };

interface Ran {
  readonly code: number;
  readonly lines: readonly string[];
  readonly errors: string;
}

/** Runs the command in its own process, with only this environment. */
function run(path: string | undefined, environment: Record<string, string> = asAdmin): Promise<Ran> {
  const env = { PATH: process.env.PATH, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...(path === undefined ? [] : [path])], { env }, (error, out, errors) => {
      resolve({ code: error ? Number(error.code) : 0, lines: out.split("\n").filter((line) => line !== ""), errors });
    });
  });
}

async function emptyFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "khui-import-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
async function folderOf(t: Test, files: Files): Promise<string> {
  const folder = join(await emptyFolder(t), "ชุด ของฉัน");
  await mkdir(folder);
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return folder;
}
async function archiveFile(t: Test, files: Files): Promise<string> {
  const path = join(await emptyFolder(t), "set.zip");
  await writeFile(path, archive(files));
  return path;
}

/** The set's id in the single printed line; asserts the rest of the line. */
function idIn(
  t: Test,
  { code, lines, errors }: Ran,
  notice: Parameters<typeof noticeText>[0],
  key: string,
  stickers: number,
) {
  t.strictSame({ code, errors, count: lines.length }, { code: 0, errors: "", count: 1 }, lines.join("\n"));
  const [id = ""] = /[0-9a-f]{24}/.exec(lines[0] ?? "") ?? [];
  t.equal(lines[0], `${noticeText(notice, "en")}: ${key}, ${id}, ${stickers} stickers`);
  return id;
}

t.test("a folder is published, its archive is the same set, and a changed one updates it", async (t) => {
  const content = manifest(word());
  const files = await filesOf(content);
  const folder = await folderOf(t, { ...files, ".DS_Store": json("x"), ".hidden.webp": json("x") });
  const id = idIn(t, await run(folder), "sticker_set_published", content.key, 2);
  t.strictSame(await listed(t, admin, { search: content.key }), [content.key]);
  t.match(await setOf(t, admin, id), { key: content.key, title: content.title, retired: false });
  for (const { url } of await stickersOf(t, admin, id)) await picture(t, url);
  t.equal(idIn(t, await run(folder), "sticker_set_unchanged", content.key, 2), id);
  t.equal(idIn(t, await run(await archiveFile(t, files)), "sticker_set_unchanged", content.key, 2), id);
  await writeFile(join(folder, "manifest.json"), json({ ...content, author: "คนใหม่" }));
  t.equal(idIn(t, await run(folder), "sticker_set_updated", content.key, 2), id);
  t.match(await setOf(t, admin, id), { author: "คนใหม่" });
});

t.test("an archive is published, and published again after it was retired", async (t) => {
  const content = coin(word());
  const path = await archiveFile(t, await filesOf(content));
  const id = idIn(
    t,
    await run(path, { ...asAdmin, KHUI_URL: `${system.url}/` }),
    "sticker_set_published",
    content.key,
    1,
  );
  await retire(t, id);
  t.equal(idIn(t, await run(path), "sticker_set_updated", content.key, 1), id);
  t.match(await setOf(t, admin, id), { retired: false, type: "interactive" });
});

t.test("every issue is printed on its own line, and nothing is published", async (t) => {
  const content = manifest(word());
  const { "b.webp": _, ...files } = await filesOf(content);
  const bad = { ...files, "c.webp": json("x"), "d.txt": json("y") };
  for (const path of [await folderOf(t, bad), await archiveFile(t, bad)]) {
    const { code, lines, errors } = await run(path);
    t.strictSame({ code, errors }, { code: 1, errors: "" });
    t.equal(lines[0], `invalid_sticker_set: ${errorText("invalid_sticker_set", "en")}`);
    const told = lines.slice(1).sort();
    t.match(told, [/^ +\/stickers\/1\/file: .*b\.webp/, /^ +c\.webp: /, /^ +c\.webp: /, /^ +d\.txt: /, /^ +d\.txt: /]);
    t.equal(told.length, 5);
  }
  t.strictSame(await listed(t, admin, { search: content.key }), []);
});

t.test("the command reports invalid input and fails", async (t) => {
  const content = manifest(word());
  const folder = await folderOf(t, await filesOf(content));
  const failures: Array<readonly [told: RegExp, ran: Ran]> = [
    [/usage: .*stickers:import/, await run(undefined)],
    [/ENOENT/, await run(join(folder, "nowhere"))],
    [/manifest\.json/, await run(await emptyFolder(t))],
    [/forbidden/, await run(folder, { ...asAdmin, KHUI_TOKEN: system.newUser().token })],
    [/invalid_token/, await run(folder, { ...asAdmin, KHUI_TOKEN: "nonsense" })],
    [/KHUI_TOKEN/, await run(folder, { KHUI_URL: system.url })],
    [/ECONNREFUSED/, await run(folder, { ...asAdmin, KHUI_URL: `http://127.0.0.1:${await freePort()}` })],
  ];
  for (const [told, { code, lines, errors }] of failures) {
    t.equal(code, 1, `${told}`);
    t.match(`${lines.join("\n")}${errors}`, told);
    t.notMatch(errors, /^ +at /m, "no stack");
  }
  t.strictSame(await listed(t, admin, { search: content.key }), []);
});

// The command that imports a folder or an archive, against a running service.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { archive, type Files, filesOf, json, manifest } from "@khui/test-kit/files/sticker-sets";
import t, { before, test } from "tap";
import { emptyFolder, openRig, type Rig } from "./rig.js";

let rig: Rig;
before(async () => {
  rig = await openRig(t);
});

const main = fileURLToPath(new URL("../dist/import/main.js", import.meta.url));

/** Runs the command as a process of its own; resolves with its exit code and what it printed. */
function run(args: string[], environment: Record<string, string>): Promise<{ code: number; out: string; err: string }> {
  const node = [main, ...args];
  const env = { PATH: process.env.PATH, KHUI_URL: rig.url, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, node, { env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

const admin = () => ({ KHUI_TOKEN: rig.sign("admin", true).authorization?.replace("Bearer ", "") ?? "" });

async function folderOf(files: Files): Promise<string> {
  const folder = await emptyFolder(t);
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return folder;
}

test("a folder is published, again it is unchanged, and an archive of it too", async (t) => {
  const files = await filesOf(manifest("imported"));
  const folder = await folderOf({ ...files, ".DS_Store": json("x") });
  t.match(await run([folder], admin()), {
    code: 0,
    out: /^Sticker set published: imported, [0-9a-f]{24}, 2 stickers\n$/,
  });
  const zip = join(await emptyFolder(t), "set.zip");
  await writeFile(zip, archive(files));
  t.match(await run([zip], admin()), { code: 0, out: /^The sticker set is already up to date: imported, / });
  await writeFile(join(folder, "manifest.json"), json(manifest("imported", { author: "New" })));
  t.match(await run([folder], admin()), { code: 0, out: /^Sticker set updated: imported, / });
});

test("every issue of a set is printed on a line of its own, and the command fails", async (t) => {
  const { "b.webp": _gone, ...files } = await filesOf(manifest("faulty"));
  const { code, out } = await run([await folderOf({ ...files, "c.webp": json("x") })], admin());
  t.equal(code, 1);
  t.same(out.trim().split("\n"), [
    "invalid_sticker_set: The sticker set is not valid.",
    "  /stickers/1/file: names a file that is not there: b.webp",
    "  c.webp: is not named in the manifest",
    "  c.webp: is not a PNG, WebP or GIF picture",
  ]);
});

test("the command reports missing arguments and fails", async (t) => {
  const folder = await folderOf(await filesOf(manifest("unsent")));
  t.match(await run([], admin()), { code: 1, err: /^usage: / });
  t.match(await run([join(folder, "nothing")], admin()), { code: 1, err: /ENOENT/ });
  t.match(await run([folder], {}), { code: 1, err: /gives out no tokens: set KHUI_TOKEN/ });
  const user = { KHUI_TOKEN: rig.sign("u").authorization?.replace("Bearer ", "") ?? "" };
  t.match(await run([folder], user), { code: 1, out: /^forbidden: / });
  t.match(await run([folder], { ...admin(), KHUI_URL: "http://127.0.0.1:9999" }), { code: 1, err: /ECONNREFUSED/ });
});

test("a development system issues the token", async (t) => {
  const asked: unknown[] = [];
  const { createServer } = await import("node:http");
  const token = admin().KHUI_TOKEN;
  const system = createServer(async (request, response) => {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    if (request.url === "/dev/token") {
      asked.push(JSON.parse(Buffer.concat(body).toString()));
      response.end(JSON.stringify({ success: true, token }));
      return;
    }
    const headers = {
      authorization: `${request.headers.authorization}`,
      "content-type": `${request.headers["content-type"]}`,
    };
    const answer = await fetch(rig.url + request.url, { method: "POST", headers, body: Buffer.concat(body) });
    response.writeHead(answer.status).end(await answer.text());
  });
  await new Promise<void>((resolve) => system.listen(0, "127.0.0.1", resolve));
  t.teardown(() => new Promise((resolve) => system.close(resolve)));
  const address = system.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/`;
  const { code } = await run([await folderOf(await filesOf(manifest("developed")))], { KHUI_URL: url });
  t.equal(code, 0);
  t.same(asked, [{ userId: "sticker-import", admin: true }]);
});

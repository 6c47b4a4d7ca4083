// A folder has one holder at a time, and a dead one's place is taken by exactly one.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Test, test } from "tap";
import { lockFolder } from "../src/folder-lock.js";

function scratch(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), "folder-lock-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a held folder is refused, a released one is not, and one lock file stays", async (t) => {
  const folder = scratch(t);
  for (let round = 0; round < 3; round++) {
    const release = lockFolder(folder);
    t.throws(() => lockFolder(folder), /in use by process/);
    release();
  }
  t.same(readdirSync(folder), ["lock.3"]);
});

test("the lock of a dead process is taken over", async (t) => {
  const folder = scratch(t);
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  writeFileSync(join(folder, "lock.8"), `${dead} 12345`);
  const release = lockFolder(folder);
  t.match(readFileSync(join(folder, "lock.9"), "utf8"), new RegExp(`^${process.pid}\\b`));
  release();
});

const startsAreKnown = existsSync("/proc/self/stat");

test("a process id that has come back with another process is dead", { skip: !startsAreKnown }, async (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, "lock.1"), `${process.pid} 1`);
  t.doesNotThrow(() => lockFolder(folder)());
});

test("of processes that find a dead holder at once, one gets the folder", async (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, "lock.1"), `${spawnSync(process.execPath, ["-e", ""]).pid} 12345`);
  const module = fileURLToPath(new URL("../dist/folder-lock.js", import.meta.url));
  // Each says it is ready, waits for the word, tries, tells, and stays until its input ends.
  const program = `
    import { lockFolder } from ${JSON.stringify(module)};
    process.stdout.write("ready\\n");
    process.stdin.once("data", () => {
      try { lockFolder(${JSON.stringify(folder)}); process.stdout.write("held\\n"); }
      catch (error) { process.stdout.write(error.message.includes("in use") ? "refused\\n" : error.stack + "\\n"); }
    });
  `;
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  const ends = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
  const lines = children.map((child) => createInterface(child.stdout)[Symbol.asyncIterator]());
  await Promise.all(lines.map((line) => line.next()));
  for (const child of children) child.stdin.write("go\n");
  const told = await Promise.all(lines.map(async (line) => (await line.next()).value));
  t.same(told.sort(), ["held", "refused", "refused", "refused", "refused", "refused"]);
  for (const child of children) child.stdin.end();
  await Promise.all(ends);
});

// Runs the README's echo server as it is printed there.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect, next } from "@khui/test-kit/socketio/rig";
import { test } from "tap";

test("the README's echo server connects, echoes, acknowledges, takes binary and disconnects", async (t) => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const code = /```js\n([^`]*)```/.exec(readme)?.[1];
  if (code === undefined) throw new Error("the README has no code");
  t.ok(code.split("\n").length <= 20, "about 15 lines");
  const source = new URL("../dist/index.js", import.meta.url).href;
  const folder = t.testdir({ "echo.mjs": code.replace('"@khui/socketio"', JSON.stringify(source)) });
  const child = spawn(process.execPath, [join(folder, "echo.mjs"), "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const lines: string[] = [];
  const output = createInterface(child.stdout);
  output.on("line", (line) => lines.push(line));
  await once(output, "line");
  const port = /^listening (\d+)$/.exec(lines[0] ?? "")?.[1];
  const client = connect(t, `http://127.0.0.1:${port}`);
  t.match(await next(client, "welcome"), [{ id: client.id }]);
  const echo = next(client, "hi");
  client.emit("hi", 1, Buffer.from([2]));
  t.strictSame(await echo, [1, Buffer.from([2])]);
  t.strictSame(await client.emitWithAck("ask", { n: 1 }), { n: 1 });
  const gone = next(client, "disconnect");
  client.emit("leave");
  t.strictSame((await gone)[0], "io server disconnect");
  if (lines.length < 2) await once(output, "line");
  t.equal(lines[1], "closed as you wish");
});

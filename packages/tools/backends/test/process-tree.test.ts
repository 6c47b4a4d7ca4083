// A suspended process has stopped with all its threads and children when the call resolves.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "tap";
import { holdTree, releaseTree } from "../src/process-tree.js";

const busyThreads = `
  const { Worker } = require("node:worker_threads");
  const { spawn } = require("node:child_process");
  for (let n = 0; n < 4; n++) new Worker("for (;;);", { eval: true }).unref();
  if (process.argv[1] === "parent") {
    const child = spawn(process.execPath, ["-e", process.env.PROGRAM, "child"], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdout.on("data", () => console.log(child.pid));
  } else console.log("runs");
  process.stdin.on("end", () => process.exit()).resume();
`;

const skip = existsSync("/proc/self/task") ? false : "the kernel does not list threads";

test("no thread of a suspended process tree runs until it is resumed", { skip }, async (t) => {
  const parent = spawn(process.execPath, ["-e", busyThreads, "parent"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PROGRAM: busyThreads },
  });
  t.teardown(() => parent.kill("SIGKILL"));
  const [said] = await once(parent.stdout, "data");
  const pids = [parent.pid!, Number(String(said))];
  const running = (): string[] =>
    pids.flatMap((pid) =>
      readdirSync(`/proc/${pid}/task`)
        .map((id) => readFileSync(`/proc/${pid}/task/${id}/status`, "utf8"))
        .filter((status) => !/^State:\s*T/m.test(status)),
    );
  for (let round = 0; round < 20; round++) {
    await holdTree(pids[0]!);
    t.same(running(), []);
    releaseTree(pids[0]!);
    t.not(running().length, 0, "it is running again");
  }
});

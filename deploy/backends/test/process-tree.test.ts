// A process is held with its children, as a Postgres with its sessions, and they go on together.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "tap";
import { holdTree, releaseTree } from "../process-tree.js";
import { until } from "./children.js";

const skip = existsSync("/proc/self/stat") ? false : "the kernel does not list children";

/** The letter after the name in /proc/pid/stat: T when it is held. */
const stateOf = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2)[0]!;
};

test("a shell and what it runs are held, and go on", { skip }, async (t) => {
  const shell = spawn("/bin/sh", ["-c", "sleep 1000 & wait"], { stdio: "ignore" });
  const pid = shell.pid!;
  const children = () =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  await until(() => children().length === 1);
  const all = [pid, ...children()];
  t.teardown(() => {
    for (const one of all) process.kill(one, "SIGKILL");
  });
  holdTree(pid);
  await until(() => all.every((one) => stateOf(one) === "T"));
  t.pass("both are held");
  releaseTree(pid);
  await until(() => all.every((one) => stateOf(one) !== "T"));
  t.pass("both go on");
});

test("one that has ended is no failure", async (t) => {
  const child = spawn("/bin/true", { stdio: "ignore" });
  await new Promise((resolve) => child.once("exit", resolve));
  t.doesNotThrow(() => holdTree(child.pid!));
  t.doesNotThrow(() => releaseTree(child.pid!));
});

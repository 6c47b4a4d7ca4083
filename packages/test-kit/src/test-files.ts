// Which test files there are, and which of them ask a whole system.
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** Folders whose every folder may have a test/. */
const homes = ["packages", "services", "deploy"];
const behaviour = "services/standalone/test/behaviour/";

/** All `*.test.ts` under a test folder, as paths from `root`, sorted. */
export function testFiles(root: string): string[] {
  return homes
    .flatMap((home) => readdirSync(join(root, home)).map((name) => join(root, home, name, "test")))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => relative(root, file))
    .sort();
}

/** True for the tests that run on any form of the system. */
export function isBehaviour(file: string): boolean {
  return file.startsWith(behaviour);
}

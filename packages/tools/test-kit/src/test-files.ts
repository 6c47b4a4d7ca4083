// Which test files there are, and which of them ask a whole system.
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** Folders whose every folder may have a test/. */
const homes = ["packages", "packages/ports", "packages/tools", "services", "deploy"];
const behaviour = "packages/acceptance/test/";

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

/** Where tests start whole systems of their own, of a dozen processes each. */
const systems = [
  "packages/tools/bench/test/",
  "packages/tools/checker/test/",
  "packages/tools/test-kit/test/",
  "services/realtime-gateway/test/faults/",
  "services/realtime-gateway/test/hostile/",
  "services/standalone/test/media/",
  "services/standalone/test/rest-rate-limit.test.ts",
  "services/standalone/test/start.test.ts",
];

/** True for tests that take the machine for themselves: two at once would each see the other's load as a fault. */
export function startsSystems(file: string): boolean {
  return systems.some((place) => file.startsWith(place));
}

/** True for the tests that run on any form of the system. */
export function isBehaviour(file: string): boolean {
  return file.startsWith(behaviour);
}

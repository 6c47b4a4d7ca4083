// Which test files there are, and what each of them runs on.
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** Folders whose every folder may have a test/. */
const homes = ["packages", "packages/ports", "packages/tools", "services", "deploy"];

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

/** `unit` for all that is in no folder below. */
export type TestKind = "unit" | "behaviour" | "systems" | "alone";

/** The most specific place of a file says its kind. */
const places: Readonly<Record<string, TestKind>> = {
  // Run on any form of the system.
  "packages/acceptance/test/": "behaviour",
  // Start whole systems of their own, of up to a dozen processes each.
  "deploy/docker/test/engine.test.ts": "systems",
  "packages/tools/bench/test/fanout-short.test.ts": "systems",
  "packages/tools/checker/test/cuts-short.test.ts": "systems",
  "packages/tools/checker/test/faults-short.test.ts": "systems",
  "packages/tools/test-kit/test/distributed.test.ts": "systems",
  "packages/tools/test-kit/test/follower.test.ts": "systems",
  "packages/tools/test-kit/test/following.test.ts": "systems",
  "packages/tools/test-kit/test/system.test.ts": "systems",
  "services/realtime-gateway/test/faults/": "systems",
  "services/standalone/test/media/": "systems",
  "services/standalone/test/rest-rate-limit.test.ts": "systems",
  "services/standalone/test/start.test.ts": "systems",
  // Measure how a system holds out, and would take another's load for a fault of its own.
  "packages/tools/bench/test/neighbours-short.test.ts": "alone",
  "services/realtime-gateway/test/hostile/": "alone",
  "services/standalone/test/media/hostile-files.test.ts": "alone",
  "services/standalone/test/media/memory.test.ts": "alone",
  "services/standalone/test/media/mutated-files.test.ts": "alone",
};

export function kindOf(file: string): TestKind {
  const found = Object.keys(places).filter((place) => file.startsWith(place));
  const [place] = found.sort((a, b) => b.length - a.length);
  return (place && places[place]) || "unit";
}

/** How long a whole file may take, in seconds, on a machine that is busy with other things too. */
export function timeoutSecondsOf(file: string): number {
  // It builds images, and brings up the compose file three times; where there is no engine it takes no time.
  return file === "deploy/docker/test/engine.test.ts" ? 3_600 : 300;
}

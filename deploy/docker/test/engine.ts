// The compose file on this machine's Docker engine, as a project of its own that is removed afterwards.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { compose, environmentFile, fill, root } from "./compose-file.js";
import { dockerfile } from "./dockerfile.js";

const run = promisify(execFile);
const answerMs = 30_000;
/** Building the images included. */
const commandMs = 1_200_000;

export const baseImage = dockerfile()
  .find(({ name, rest }) => name === "ARG" && rest.startsWith("NODE_IMAGE="))!
  .rest.replace("NODE_IMAGE=", "");

/** Why what needs these images cannot run here; undefined where it can. Nothing is pulled. */
export async function missingEngine(images: readonly string[]): Promise<string | undefined> {
  try {
    await run("docker", ["compose", "version"], { timeout: answerMs });
    await run("docker", ["version", "--format", "{{.Server.Version}}"], { timeout: answerMs });
  } catch {
    return "not run: there is no Docker engine with Compose";
  }
  for (const image of images) {
    const found = await run("docker", ["image", "inspect", image], { timeout: answerMs }).catch(() => undefined);
    if (!found) return `not run: the Docker engine does not have ${image}`;
  }
  return undefined;
}

export interface Project {
  /** The variables of its environment file. */
  readonly variables: Readonly<Record<string, string>>;
  /** `docker compose` with these arguments; resolves with its output. Rejects with what it wrote. */
  compose(...args: string[]): Promise<string>;
  /** `docker` with these arguments. */
  docker(...args: string[]): Promise<string>;
  /** A shell script of deploy/docker with these arguments, for this project. Rejects with what it wrote. */
  script(name: string, ...args: string[]): Promise<string>;
  /** The ids of a service's containers, also of those that have ended. */
  containers(service: string): Promise<string[]>;
  /** Removes containers, networks, volumes and the images that were built. */
  remove(): Promise<void>;
}

/** `added` are lines of the environment file. Starts nothing. */
export async function createProject(name: string, added: readonly string[]): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), "khui-compose-"));
  const docker = async (...args: string[]): Promise<string> =>
    (await run("docker", args, { timeout: commandMs, maxBuffer: 64 * 1024 * 1024 })).stdout.trim();
  const file = join(folder, "env");
  const text = fill(folder, [...added, ...(await lowerLimits())]);
  writeFileSync(file, text, { mode: 0o600 });
  const project = ["--project-name", name, "--project-directory", root, "--file", `${root}docker-compose.yml`];
  const own = (...args: string[]) => docker("compose", ...project, "--env-file", file, ...args);
  const environment = { ...process.env, COMPOSE_PROJECT_NAME: name, COMPOSE_ENV_FILES: file };
  return {
    variables: environmentFile(text),
    docker,
    compose: own,
    async script(script, ...args) {
      const options = { env: environment, timeout: commandMs, maxBuffer: 64 * 1024 * 1024 };
      return (await run("sh", [`${root}deploy/docker/${script}`, ...args], options)).stdout;
    },
    containers: async (service) => (await own("ps", "--all", "--quiet", service)).split("\n").filter(Boolean),
    async remove() {
      await own("--profile", "*", "down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5");
      rmSync(folder, { recursive: true, force: true });
    },
  };

  /** Where the engine may not raise the number of open files, a container that asks for more does not start. */
  async function lowerLimits(): Promise<string[]> {
    const ulimits = Object.values(compose(environmentFile(fill(folder))).services).map(
      ({ ulimits }) => (ulimits as { nofile?: string } | undefined)?.nofile,
    );
    const most = Math.max(...ulimits.map((nofile) => Number(nofile ?? 0)));
    const limited = ["run", "--rm", "--network", "none", "--entrypoint", "sh"];
    const may = await docker(...limited, "--ulimit", `nofile=${most}`, baseImage, "-c", "true").catch(() => undefined);
    if (may !== undefined) return [];
    const hard = await docker(...limited, baseImage, "-c", "ulimit -Hn");
    return ["REALTIME_GATEWAY", "EDGE"].map((service) => `${service}_NOFILE=${hard}`);
  }
}

// Where a real server comes from: the environment, Docker, an installed binary, Debian's packages, in this order.
import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const pullTimeoutMs = 300_000;

/** The server that is needed. */
export interface Wanted {
  /** The environment variable with the URL of a running one. */
  readonly variable?: string;
  /** The pinned Docker image. */
  readonly image?: string;
  readonly binary: string;
  readonly debianPackages: readonly string[];
}

export type Source =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "docker"; readonly docker: string; readonly image: string }
  | { readonly kind: "binary"; readonly path: string };

/** What the search needs from the machine; tests pass a fake. */
export interface Machine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The Docker client, if an engine answers it and has this image, or can pull it. */
  findDocker(image: string): Promise<string | undefined>;
  findBinary(name: string): string | undefined;
  /** Installs Debian packages. Undefined where that cannot be done. */
  readonly installPackages: ((names: readonly string[]) => Promise<void>) | undefined;
}

/** Throws an error that names what to install when no source is available. */
export async function findSource(wanted: Wanted, machine: Machine): Promise<Source> {
  const url = wanted.variable === undefined ? undefined : machine.environment[wanted.variable];
  if (url) return { kind: "url", url };
  const docker = wanted.image === undefined ? undefined : await machine.findDocker(wanted.image);
  if (docker !== undefined && wanted.image !== undefined) return { kind: "docker", docker, image: wanted.image };
  const path = machine.findBinary(wanted.binary);
  if (path !== undefined) return { kind: "binary", path };
  await machine.installPackages?.(wanted.debianPackages);
  const installed = machine.findBinary(wanted.binary);
  if (installed !== undefined) return { kind: "binary", path: installed };
  const choices = [
    ...(wanted.variable === undefined ? [] : [`set ${wanted.variable}`]),
    ...(wanted.image === undefined ? [] : [`start a Docker that has ${wanted.image} or can pull it`]),
    `install ${wanted.binary} (Debian: apt-get install ${wanted.debianPackages.join(" ")})`,
  ];
  throw new Error(`${wanted.binary} is needed: ${choices.join(", or ")}`);
}

/** This machine, with the given environment. */
export function thisMachine(environment: Readonly<Record<string, string | undefined>>): Machine {
  const findBinary = (name: string): string | undefined => findExecutable(name, environment.PATH ?? "");
  return {
    environment,
    findBinary,
    async findDocker(image) {
      const docker = findBinary("docker");
      if (docker === undefined) return undefined;
      const answer = (args: string[], timeout: number) => run(docker, args, { timeout }).catch(() => undefined);
      const info = await answer(["info", "--format", "{{.ServerVersion}}"], 10_000);
      if (!info?.stdout.trim()) return undefined;
      const has = (await answer(["image", "inspect", image], 10_000)) ?? (await answer(["pull", image], pullTimeoutMs));
      return has && docker;
    },
    installPackages: process.getuid?.() === 0 && findBinary("apt-get") ? installDebianPackages : undefined,
  };
}

/** The first executable of this name on the path or in the usual places of servers. */
function findExecutable(name: string, path: string): string | undefined {
  const postgres = "/usr/lib/postgresql";
  const versions = existsSync(postgres) ? readdirSync(postgres).sort((a, b) => Number(b) - Number(a)) : [];
  const places = [
    ...path.split(delimiter).filter((place) => place !== ""),
    ...["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/opt/homebrew/bin"],
    ...versions.map((version) => join(postgres, version, "bin")),
  ];
  return places.map((place) => join(place, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    // A symbolic link may be broken.
    return realpathSync(file) !== "";
  } catch {
    return false;
  }
}

/** Debian's packages start their services when installed, unless a policy says no (invoke-rc.d(8), 101: forbidden). */
async function installDebianPackages(names: readonly string[]): Promise<void> {
  const policy = "/usr/sbin/policy-rc.d";
  const script = [
    `policy=${policy}`,
    'if [ ! -e "$policy" ]; then',
    `  trap 'rm -f "$policy"' EXIT`,
    `  printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"`,
    "fi",
    "apt-get update",
    'apt-get install -y --no-install-recommends "$@"',
  ].join("\n");
  // One installation at a time, even when several test files start together.
  const args = ["/tmp/khui-backends-install.lock", "/bin/sh", "-ec", script, "install", ...names];
  await run("flock", args, {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 64 * 1024 * 1024,
  });
}

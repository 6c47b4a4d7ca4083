// Stock clients of several languages as programs: where their toolchain is, with what their registries have, kept in a cache folder.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const programs = fileURLToPath(new URL("./stock-clients/", import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "khui-tests");
const downloadMs = 180_000;

export interface StockClient {
  readonly name: string;
  /** How it is started, or why it cannot be. */
  find(): Promise<Command | { readonly missing: string }>;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export const stockClients: readonly StockClient[] = [
  {
    name: "npm: socket.io-client",
    find: async () => ({ file: process.execPath, args: [join(programs, "client.mjs")], environment: {} }),
  },
  {
    name: "PyPI: python-socketio",
    find: () =>
      found(["python3"], async () => {
        const packages = await cached("requirements.txt", (folder, list) =>
          run("python3", ["-m", "pip", "install", "--quiet", "--no-input", "--target", folder, "-r", list], limited),
        );
        const environment = { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: "1" };
        return { file: "python3", args: [join(programs, "client.py")], environment };
      }),
  },
  {
    name: "Maven: io.socket:socket.io-client",
    find: () =>
      found(["java", "javac", "mvn"], async () => {
        const jars = await cached("pom.xml", (folder, pom) =>
          run("mvn", ["-q", "-B", "-f", pom, "dependency:copy-dependencies", `-DoutputDirectory=${folder}`], limited),
        );
        const flags = ["-XX:TieredStopAtLevel=1", "-Xmx128m", "-cp", join(jars, "*")];
        return { file: "java", args: [...flags, join(programs, "Client.java")], environment: {} };
      }),
  },
];

const limited = { timeout: downloadMs };

async function found(tools: readonly string[], prepare: () => Promise<Command>) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const missing = tools.filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
  if (missing.length > 0) return { missing: `no ${missing.join(", ")} on the PATH` };
  try {
    return await prepare();
  } catch (error) {
    return { missing: `its packages cannot be had: ${error instanceof Error ? error.message.trim() : error}` };
  }
}

/** The folder that holds what a list of packages names; `download` fills it, once for each content of the list. */
async function cached(list: string, download: (folder: string, list: string) => Promise<unknown>): Promise<string> {
  const path = join(programs, list);
  const digest = createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
  const folder = join(cache, `${list}-${digest.slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  // Complete or not there, also when two suites begin at once.
  const unfinished = await mkdtemp(`${folder}-`);
  try {
    // Tools leave files beside what they read.
    const copy = join(unfinished, list);
    await cp(path, copy);
    await download(join(unfinished, "packages"), copy);
    await rename(join(unfinished, "packages"), folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

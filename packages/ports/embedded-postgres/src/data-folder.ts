// The folder of an embedded server: its cluster, and the password of its one role.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readlinkSync, realpathSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { hasCode } from "./folder-lock.js";
import { type Program, programEnvironment } from "./program.js";
import { giveTo, type ServerUser } from "./user.js";

const run = promisify(execFile);

export const roleName = "khui";

/** How long a server that lost its parent may take to end: as long as its guard lets it. */
const leftoverMs = 30_000;

/** Where the cluster is, in the folder that is ours. */
export const clusterIn = (folder: string): string => join(folder, "data");

/**
 * The cluster's path as an argument of PostgreSQL, which is started there. If root keeps it where the server's user has no access,
 * that user can reach it only as the working folder.
 */
export function clusterArgument(cluster: string, user: ServerUser | undefined): string {
  return user && process.platform === "linux" ? "/proc/self/cwd" : cluster;
}

/**
 * Creates the cluster atomically unless it exists, and returns the role's password. Without `durable` it may not survive a crash of
 * the machine.
 *
 * @throws if the folder contains a database that no embedded server has created
 */
export async function prepareCluster(
  folder: string,
  program: Program,
  user: ServerUser | undefined,
  durable: boolean,
): Promise<string> {
  const cluster = clusterIn(folder);
  const passwordFile = join(folder, "password");
  if (existsSync(cluster)) {
    if (!existsSync(passwordFile)) throw new Error(foreign(folder));
    // Root owns it if it was restored from a backup. What the server's user owns already, that user may have filled with links.
    if ((await stat(cluster)).uid !== user?.uid) await giveTo(user, cluster);
    return readFile(passwordFile, "utf8");
  }
  const password = randomBytes(24).toString("base64url");
  await writeFile(passwordFile, password, { mode: 0o600, flush: durable });
  const making = join(folder, "making");
  await rm(making, { recursive: true, force: true });
  const made = join(making, "data");
  await mkdir(made, { mode: 0o700, recursive: true });
  // Beside it, since that user may have no other way there.
  await writeFile(join(making, "password"), password, { mode: 0o600 });
  await giveTo(user, making);
  await makeCluster(made, program, user, durable);
  await rename(made, cluster);
  await rm(making, { recursive: true });
  if (durable) await syncFolder(folder);
  return password;
}

function foreign(folder: string): string {
  return (
    `${folder} holds a database of an earlier Khui, in a format for trying out (PGlite) that PostgreSQL cannot read. ` +
    "Move that folder away to start with an empty database, or go on with the version that made it."
  );
}

/** It takes two seconds, on a slow disk a minute. */
const initdbTimeoutMs = 300_000;

/** In an empty folder, with the password in a file beside it. */
async function makeCluster(
  cluster: string,
  { initdb }: Program,
  user: ServerUser | undefined,
  durable: boolean,
): Promise<void> {
  const place = clusterArgument(cluster, user);
  // C.UTF-8 knows the letters of all languages and sorts alike everywhere; only Linux is sure to have it.
  const locale = process.platform === "linux" ? ["--locale=C.UTF-8"] : ["--locale=C", "--lc-ctype=UTF-8"];
  const access = [`--username=${roleName}`, "--auth=scram-sha-256", `--pwfile=${place}/../password`];
  const args = ["-D", place, "--no-instructions", "--no-sync", "--encoding=UTF8", ...locale, ...access];
  const options = { ...user, cwd: cluster, env: programEnvironment, timeout: initdbTimeoutMs };
  await run(initdb, args, options);
  if (!durable) return;
  // All at once: syncing each of a thousand files took 5 s on a disk on which this takes 0.3 s. Only Linux can.
  const method = process.platform === "linux" ? ["--sync-method=syncfs"] : [];
  await run(initdb, ["-D", place, "--sync-only", ...method], options);
}

/** Without it, a power cut could undo the new names in it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Ends the server of a process that was killed, if it is still running. Call it only while holding the folder's lock. Works only on
 * Linux, where a server is recognized by its working folder, and not only by an id that may have been reused.
 */
export async function endLeftover(cluster: string): Promise<void> {
  const idFile = join(cluster, "postmaster.pid");
  if (process.platform !== "linux") return;
  const text = await readIfExists(idFile);
  if (text === undefined) return;
  const id = Number.parseInt(text, 10);
  const deadline = Date.now() + leftoverMs;
  for (; workingFolder(id) === realpathSync(cluster); await sleep(50)) {
    if (Date.now() > deadline)
      throw new Error(`PostgreSQL (process ${id}) still works in ${cluster}, and does not end`);
    askToEnd(id);
  }
  // Another process has that id now, which PostgreSQL would take for a server.
  if (existsSync(`/proc/${id}`)) await rm(idFile, { force: true });
}

/** The server removes its file when it ends, which may be now. */
async function readIfExists(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function workingFolder(id: number): string | undefined {
  try {
    return readlinkSync(`/proc/${id}/cwd`);
  } catch {
    return undefined;
  }
}

/** By the fast shutdown: https://www.postgresql.org/docs/current/server-shutdown.html */
function askToEnd(id: number): void {
  try {
    process.kill(id, "SIGINT");
  } catch {
    // It has just ended.
  }
}

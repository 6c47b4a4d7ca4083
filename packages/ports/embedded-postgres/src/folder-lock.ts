// Keeps a data folder to one process at a time, and gives it up when that process is dead.
import { randomUUID } from "node:crypto";
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Takes the folder's lock: a file `lock.N` that names the holder's process. A lock whose process is dead is taken over
 * under the next number. Numbers only grow and the newest file stays (empty once released), so that of several
 * processes that see the same dead holder exactly one gets the next number.
 *
 * Processes in different containers cannot see each other: never mount one folder into two of them.
 *
 * @returns the function that releases the lock
 * @throws while another opener holds the folder, also one in this process
 */
export function lockFolder(folder: string): () => void {
  const mine = join(folder, `opening-${randomUUID()}`);
  writeFileSync(mine, identity(process.pid));
  try {
    for (;;) {
      const newest = newestLock(folder);
      const holder = newest === 0 ? "" : readIfThere(lockPath(folder, newest));
      if (holder === undefined) continue;
      if (holder !== "" && isRunning(holder)) {
        throw new Error(
          `${folder} is in use by process ${holder.split(" ")[0]}: only one process may open it at a time`,
        );
      }
      const own = newest + 1;
      if (!linked(mine, lockPath(folder, own))) continue;
      // A slow process may have taken a number that others have already passed and cleared away.
      if (newestLock(folder) !== own) {
        rmSync(lockPath(folder, own), { force: true });
        continue;
      }
      for (const older of lockNumbers(folder).filter((number) => number < own)) {
        rmSync(lockPath(folder, older), { force: true });
      }
      return () => writeFileSync(lockPath(folder, own), "");
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

function lockPath(folder: string, number: number): string {
  return join(folder, `lock.${number}`);
}

function lockNumbers(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => {
    const number = /^lock\.(\d+)$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

function newestLock(folder: string): number {
  return Math.max(0, ...lockNumbers(folder));
}

/** Linking, unlike writing, makes the file appear whole, and fails where there is one. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * A process's id and start: the id alone comes back, in a container after every restart. The start is field 22 of
 * proc_pid_stat(5), counted after the command in parentheses; where there is no /proc the id has to do.
 */
function identity(pid: number): string {
  const start = readIfThere(`/proc/${pid}/stat`)?.replace(/^.*\)/s, "").trim().split(" ")[19];
  return start === undefined ? `${pid}` : `${pid} ${start}`;
}

function isRunning(holder: string): boolean {
  const pid = Number.parseInt(holder, 10);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!hasCode(error, "EPERM")) return false;
  }
  return identity(pid) === holder;
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && Reflect.get(error, "code") === code;
}

// The user that the server runs as: PostgreSQL refuses to run as root.
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Undefined: the user of this process. For root: the owner of the data folder, else the system's user `postgres` or `nobody`, since
 * initdb requires one that has a name.
 */
export function serverUser(dataFolder: string): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (existsSync(dataFolder)) {
    const { uid, gid } = statSync(dataFolder);
    if (uid !== 0) return { uid, gid };
  }
  const users = readFileSync("/etc/passwd", "utf8");
  for (const name of ["postgres", "nobody"]) {
    const ids = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, "m").exec(users);
    if (ids) return { uid: Number(ids[1]), gid: Number(ids[2]) };
  }
  throw new Error("PostgreSQL does not run as root, and there is no user postgres or nobody: start as another user");
}

/** Makes the server's user the owner of a folder with all in it; of links, not of what they lead to. */
export async function giveTo(user: ServerUser | undefined, path: string): Promise<void> {
  if (user) await run("chown", ["-hR", `${user.uid}:${user.gid}`, path]);
}

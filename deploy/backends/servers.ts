// The three servers: how each is run, from a program or an image, and how to tell that it is up.
import { execFile, execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Command } from "./guarded-process.js";
import { replies } from "./probes.js";
import type { Wanted } from "./source.js";

const run = promisify(execFile);

export type BackendName = "postgres" | "nats" | "redis";

/** A private place for one server: its folder, and the port it is to listen on. */
export interface Place {
  readonly folder: string;
  readonly port: number;
}

export interface Server extends Wanted {
  readonly variable: string;
  readonly image: string;
  /** Where the server listens inside its image, and where it keeps its data there. */
  readonly imagePort: number;
  readonly imageData: string;
  /** Docker's and the server's arguments. */
  readonly imageOptions: readonly string[];
  readonly imageArgs: readonly string[];
  url(port: number): string;
  /** Makes the data folder, once. */
  prepare(path: string, folder: string): Promise<void>;
  /** Loopback only, data in the folder. */
  command(path: string, place: Place): Command;
  /** Whether the server of that folder answers on that port. */
  answers(path: string, place: Place): Promise<boolean>;
  /** The same in a container; the port is the machine's. */
  containerAnswers(docker: string, container: string, port: number): Promise<boolean>;
}

const redisDirectory = (port: number, folder: string): Promise<boolean> =>
  replies(port, "CONFIG GET dir\r\n", `\r\n${folder}\r\n`);

export const servers: Readonly<Record<BackendName, Server>> = {
  nats: {
    variable: "NATS_URL",
    image: "nats:2.11",
    binary: "nats-server",
    debianPackages: ["nats-server"],
    imagePort: 4222,
    imageData: "/data",
    imageOptions: [],
    imageArgs: [],
    url: (port) => `nats://127.0.0.1:${port}`,
    prepare: async () => {},
    command: (path, { folder, port }) => ({
      file: path,
      args: ["--addr", "127.0.0.1", "--port", String(port), "--name", folder],
    }),
    // The name in its greeting tells our server from another that took the port first.
    answers: (_path, { folder, port }) => replies(port, "PING\r\n", JSON.stringify(folder)),
    containerAnswers: (_docker, _container, port) => replies(port, "PING\r\n", "INFO"),
  },
  redis: {
    variable: "REDIS_URL",
    image: "redis:7",
    binary: "redis-server",
    debianPackages: ["redis-server"],
    imagePort: 6379,
    imageData: "/data",
    imageOptions: [],
    imageArgs: ["redis-server", "--save", "", "--appendonly", "yes"],
    url: (port) => `redis://127.0.0.1:${port}`,
    prepare: async () => {},
    command: (path, { folder, port }) => ({
      file: path,
      args: ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder, "--save", "", "--appendonly", "yes"],
    }),
    answers: (_path, { folder, port }) => redisDirectory(port, realpathSync(folder)),
    containerAnswers: (_docker, _container, port) => redisDirectory(port, "/data"),
  },
  postgres: {
    variable: "POSTGRES_URL",
    image: "postgres:17",
    binary: "postgres",
    debianPackages: ["postgresql"],
    imagePort: 5432,
    imageData: "/var/lib/postgresql/data",
    imageOptions: ["--env", "POSTGRES_HOST_AUTH_METHOD=trust"],
    imageArgs: [],
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    async prepare(path, folder) {
      const data = join(folder, "data");
      mkdirSync(data);
      const owner = serverUser();
      if (owner.uid !== undefined && owner.gid !== undefined) {
        chownSync(folder, owner.uid, owner.gid);
        chownSync(data, owner.uid, owner.gid);
      }
      // C.UTF-8 knows the letters of all languages and sorts alike everywhere; only Linux is sure to have it.
      const locale = process.platform === "linux" ? "--locale=C.UTF-8" : "--no-locale";
      const args = ["-D", data, "-U", "postgres", "-E", "UTF8", locale, "--auth=trust", "--no-sync"];
      await run(beside(path, "initdb"), args, { cwd: folder, ...owner });
    },
    command: (path, { folder, port }) => ({
      file: realpathSync(path),
      args: [
        ...["-D", join(folder, "data"), "-p", String(port)],
        ...setting("listen_addresses", "127.0.0.1"),
        // A socket file would be shared ground with other servers.
        ...setting("unix_socket_directories", ""),
        ...setting("max_connections", "100"),
        ...setting("fsync", "on"),
      ],
      // A fast shutdown: sessions are ended, not waited for.
      stopSignal: "SIGINT",
      ...serverUser(),
    }),
    async answers(path, { folder, port }) {
      const query = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-wXAtc", "show data_directory"];
      const answer = await run(beside(path, "psql"), query, { cwd: "/", timeout: 5000 }).catch(unlessMissing);
      return answer?.stdout.trim() === join(folder, "data");
    },
    async containerAnswers(docker, container) {
      // Over TCP: while the image prepares its data, its server listens on the socket file alone.
      const query = ["psql", "-h", "127.0.0.1", "-U", "postgres", "-wXAtc", "select 1"];
      const answer = await run(docker, ["exec", container, ...query], { timeout: 5000 }).catch(() => null);
      return answer?.stdout.trim() === "1";
    },
  },
};

function setting(name: string, value: string): string[] {
  return ["-c", `${name}=${value}`];
}

/** A query may fail while the server comes up; a missing psql never mends. */
function unlessMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") throw error;
  return null;
}

/** A program that comes with the server: next to the real file, for a link may be all that is on the path. */
function beside(path: string, name: string): string {
  const neighbour = join(dirname(realpathSync(path)), name);
  return existsSync(neighbour) ? neighbour : name;
}

/** Postgres refuses to run as root: then it runs as the user its package makes, or as nobody. */
function serverUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  for (const user of ["postgres", "nobody"]) {
    try {
      const id = (flag: string): number => Number(execFileSync("id", [flag, user], { stdio: "pipe" }).toString());
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // Not on this machine; the next one.
    }
  }
  throw new Error("postgres cannot run as root, and this machine has neither a user postgres nor nobody");
}

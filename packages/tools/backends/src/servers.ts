// The three servers: how each is run, from a binary or an image, with or without access control, and how to probe it.
import { execFile, execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Command } from "./guarded-process.js";
import { replies } from "./probes.js";
import { natsEnvironment, redisEnvironment, type Secrets } from "./secrets.js";
import type { Wanted } from "./source.js";

const run = promisify(execFile);

export type BackendName = "postgres" | "nats" | "redis";

/** Where one server runs: its folder, its port, and its secrets; without secrets there is no access control. */
export interface Place {
  readonly folder: string;
  readonly port: number;
  readonly secrets: Secrets | undefined;
}

const deployed = (path: string): string => fileURLToPath(new URL(`../../../../deploy/${path}`, import.meta.url));
const natsConfiguration = deployed("nats/nats.conf");
const postgresRoles = deployed("postgres/roles.sql");
const redisFolder = deployed("redis");

export interface Server extends Wanted {
  readonly variable: string;
  readonly image: string;
  /** Where the server listens inside its image, and where it keeps its data there. */
  readonly imagePort: number;
  readonly imageData: string;
  /** Docker's and the server's arguments. */
  imageOptions(secrets: Secrets | undefined): readonly string[];
  imageArgs(secrets: Secrets | undefined): readonly string[];
  /** The URL of a user with all rights; of NATS, without a user when there are secrets. */
  url(port: number, secrets: Secrets | undefined): string;
  /** Creates the data folder, once. */
  prepare(path: string, place: Omit<Place, "port">): Promise<void>;
  /** Runs once, after the first start of the binary. */
  initialize(path: string, place: Place): Promise<void>;
  /** Loopback only, data in the folder. */
  command(path: string, place: Place): Command;
  /** Whether the server of that folder answers on that port. */
  answers(path: string, place: Place): Promise<boolean>;
  /** The same in a container; the port is the machine's. */
  containerAnswers(docker: string, container: string, place: Place): Promise<boolean>;
}

const redisDirectory = ({ port, secrets }: Place, folder: string): Promise<boolean> => {
  const signIn = secrets ? `AUTH "${secrets.REDIS_PASSWORD}"\r\n` : "";
  return replies(port, `${signIn}CONFIG GET dir\r\n`, `\r\n${folder}\r\n`);
};
/** The command that starts the server: with secrets, the script that creates its users. */
const redisStart = (secrets: Secrets | undefined, server: string, folder: string): readonly [string, ...string[]] =>
  secrets ? ["sh", join(folder, "start.sh")] : [server];

const variables = (environment: Readonly<Record<string, string>>): string[] =>
  Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]);

export const servers: Readonly<Record<BackendName, Server>> = {
  nats: {
    variable: "NATS_URL",
    image: "nats:2.11",
    binary: "nats-server",
    debianPackages: ["nats-server"],
    imagePort: 4222,
    imageData: "/data",
    imageOptions: (secrets) =>
      secrets
        ? ["--volume", `${natsConfiguration}:/etc/nats/khui.conf:ro`, ...variables(natsEnvironment(secrets))]
        : [],
    imageArgs: (secrets) => (secrets ? ["--config", "/etc/nats/khui.conf"] : []),
    url: (port) => `nats://127.0.0.1:${port}`,
    prepare: async () => {},
    initialize: async () => {},
    command: (path, { folder, port, secrets }) => ({
      file: path,
      args: [
        ...["--addr", "127.0.0.1", "--port", String(port), "--name", folder],
        ...(secrets ? ["--config", natsConfiguration] : []),
      ],
      env: secrets ? natsEnvironment(secrets) : {},
    }),
    // The name in the greeting distinguishes our server from another that took the port first.
    answers: (_path, { folder, port }) => replies(port, "PING\r\n", JSON.stringify(folder)),
    containerAnswers: (_docker, _container, { port }) => replies(port, "PING\r\n", "INFO"),
  },
  redis: {
    variable: "REDIS_URL",
    image: "redis:7",
    binary: "redis-server",
    debianPackages: ["redis-server"],
    imagePort: 6379,
    imageData: "/data",
    imageOptions: (secrets) =>
      secrets ? ["--volume", `${redisFolder}:/etc/khui:ro`, ...variables(redisEnvironment(secrets))] : [],
    imageArgs: (secrets) => [
      ...redisStart(secrets, "redis-server", "/etc/khui"),
      ...["--dir", "/data", "--save", "", "--appendonly", "yes"],
    ],
    url: (port, secrets) => `redis://${userInfo("", secrets?.REDIS_PASSWORD)}127.0.0.1:${port}`,
    prepare: async () => {},
    initialize: async () => {},
    command(path, { folder, port, secrets }) {
      const [file, ...words] = redisStart(secrets, path, redisFolder);
      const place = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder];
      return {
        file,
        args: [...words, ...place, "--save", "", "--appendonly", "yes"],
        // The script looks up the binary on its path.
        env: secrets ? { ...redisEnvironment(secrets), PATH: `${dirname(path)}:${process.env.PATH}` } : {},
      };
    },
    answers: (_path, place) => redisDirectory(place, realpathSync(place.folder)),
    containerAnswers: (_docker, _container, place) => redisDirectory(place, "/data"),
  },
  postgres: {
    variable: "POSTGRES_URL",
    image: "postgres:17",
    binary: "postgres",
    debianPackages: ["postgresql"],
    imagePort: 5432,
    imageData: "/var/lib/postgresql/data",
    imageOptions: (secrets) =>
      secrets
        ? ["--volume", `${postgresRoles}:/docker-entrypoint-initdb.d/roles.sql:ro`, ...variables({ ...secrets })]
        : ["--env", "POSTGRES_HOST_AUTH_METHOD=trust"],
    imageArgs: () => [],
    url: (port, secrets) => `postgres://${userInfo("postgres", secrets?.POSTGRES_PASSWORD)}127.0.0.1:${port}/postgres`,
    async prepare(path, { folder, secrets }) {
      const data = join(folder, "data");
      mkdirSync(data);
      const owner = serverUser();
      if (owner.uid !== undefined && owner.gid !== undefined) {
        chownSync(folder, owner.uid, owner.gid);
        chownSync(data, owner.uid, owner.gid);
      }
      // C.UTF-8 knows the letters of all languages and sorts the same everywhere; only Linux is sure to have it.
      const locale = process.platform === "linux" ? "--locale=C.UTF-8" : "--no-locale";
      const args = ["-D", data, "-U", "postgres", "-E", "UTF8", locale, "--no-sync"];
      const password = join(folder, "password");
      if (secrets) {
        writeFileSync(password, secrets.POSTGRES_PASSWORD, { mode: 0o600 });
        if (owner.uid !== undefined && owner.gid !== undefined) chownSync(password, owner.uid, owner.gid);
      }
      const access = secrets ? ["--auth=scram-sha-256", `--pwfile=${password}`] : ["--auth=trust"];
      await run(beside(path, "initdb"), [...args, ...access], { cwd: folder, ...owner });
    },
    async initialize(path, { port, secrets }) {
      if (!secrets) return;
      const args = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-wXqf", postgresRoles];
      await run(beside(path, "psql"), args, { cwd: "/", env: psqlEnvironment(secrets) });
    },
    command: (path, { folder, port }) => ({
      file: realpathSync(path),
      args: [
        ...["-D", join(folder, "data"), "-p", String(port)],
        ...setting("listen_addresses", "127.0.0.1"),
        // A socket file would be shared with other servers.
        ...setting("unix_socket_directories", ""),
        ...setting("max_connections", "100"),
        ...setting("fsync", "on"),
      ],
      // A fast shutdown: sessions are terminated, not awaited.
      stopSignal: "SIGINT",
      ...serverUser(),
    }),
    async answers(path, { folder, port, secrets }) {
      const query = ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-wXAtc", "show data_directory"];
      const settings = { cwd: "/", timeout: 5000, env: psqlEnvironment(secrets) };
      const answer = await run(beside(path, "psql"), query, settings).catch(unlessMissing);
      return answer?.stdout.trim() === join(folder, "data");
    },
    async containerAnswers(docker, container, { secrets }) {
      // Over TCP: while the image initializes its data, its server listens on the socket file only.
      const query = ["psql", "-h", "127.0.0.1", "-U", "postgres", "-wXAtc", "select 1"];
      const signIn = secrets ? ["--env", `PGPASSWORD=${secrets.POSTGRES_PASSWORD}`] : [];
      const answer = await run(docker, ["exec", ...signIn, container, ...query], { timeout: 5000 }).catch(() => null);
      return answer?.stdout.trim() === "1";
    },
  },
};

/** The user info part of a URL. */
function userInfo(user: string, password: string | undefined): string {
  if (password === undefined) return user === "" ? "" : `${user}@`;
  return `${user}:${encodeURIComponent(password)}@`;
}

function psqlEnvironment(secrets: Secrets | undefined): NodeJS.ProcessEnv {
  return secrets ? { ...process.env, ...secrets, PGPASSWORD: secrets.POSTGRES_PASSWORD } : process.env;
}

function setting(name: string, value: string): string[] {
  return ["-c", `${name}=${value}`];
}

/** A query may fail while the server starts; a missing psql is permanent. */
function unlessMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") throw error;
  return null;
}

/** A program that comes with the server: next to the real file, since the path may have only a symbolic link. */
function beside(path: string, name: string): string {
  const neighbour = join(dirname(realpathSync(path)), name);
  return existsSync(neighbour) ? neighbour : name;
}

/** Postgres refuses to run as root: then it runs as the user that its package creates, or as nobody. */
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

// A private Postgres on a free loopback port, for tests: with data of its own, stopped by its own process.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { openPostgres } from "@khui/database/postgres";

const run = promisify(execFile);

export interface PostgresServer {
  url: string;
  start(): Promise<void>;
  /** Kills without warning, and waits until the process is gone. */
  kill(): Promise<void>;
  /** Ends it in order, and removes its data. */
  remove(): Promise<void>;
}

/** Makes a server and starts it. @throws when there is no Postgres on this machine */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = postgresBinaries();
  const owner = process.getuid?.() === 0 ? await postgresUser() : undefined;
  const folder = await mkdtemp(join(tmpdir(), "postgres-"));
  if (owner) await chown(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  await run(join(bin, "initdb"), ["-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"], {
    ...owner,
    cwd: folder,
  });
  const port = await freePort();
  const url = `postgres://tester@127.0.0.1:${port}/postgres`;
  let child: ChildProcess | undefined;

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child?.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  const server: PostgresServer = {
    url,
    async start() {
      const settings = [`port=${port}`, "listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`, "fsync=off"];
      const deadline = Date.now() + 60_000;
      // A killed server's last child may still hold its memory, and the next start ends at once: try again.
      do {
        child = spawn(join(bin, "postgres"), ["-D", data, ...settings.flatMap((setting) => ["-c", setting])], {
          ...owner,
          cwd: folder,
          stdio: "ignore",
        });
        if (await answers(url, child, deadline)) return;
      } while (Date.now() < deadline);
      throw new Error(`Postgres in ${folder} does not answer`);
    },
    kill: () => end("SIGKILL"),
    async remove() {
      await end("SIGINT"); // fast shutdown: https://www.postgresql.org/docs/current/server-shutdown.html
      await rm(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

function postgresBinaries(): string {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, "bin")) : [];
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...versions];
  const found = folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
  if (!found) throw new Error("no Postgres: set TEST_POSTGRES_URL, or install postgresql");
  return found;
}

/** Postgres refuses to run as root. */
async function postgresUser(): Promise<{ uid: number; gid: number }> {
  const [user, group] = await Promise.all([run("id", ["-u", "postgres"]), run("id", ["-g", "postgres"])]);
  return { uid: Number(user.stdout), gid: Number(group.stdout) };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** Waits until the server answers; false when its process ended instead, or the time is over. */
async function answers(url: string, child: ChildProcess, deadline: number): Promise<boolean> {
  const database = openPostgres({ url, poolSize: 1 });
  try {
    while (child.exitCode === null && Date.now() < deadline) {
      const answered = await database.ping().then(
        () => true,
        () => false,
      );
      if (answered) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  } finally {
    await database.close();
  }
}

// `npm start` as a newcomer meets it: the built process, what it prints, the README's quick start, and a restart.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sql } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import { ownDatabase } from "@khui/test-kit/servers/database";
import { eventually } from "@khui/test-kit/system";
import { io } from "socket.io-client";
import { t as all, test } from "tap";

const root = fileURLToPath(new URL("../../../", import.meta.url));

// One for all, since making a new database takes its time.
const dataDir = await mkdtemp(join(tmpdir(), "khui-start-"));
all.teardown(() => rm(dataDir, { recursive: true, force: true }));

interface Running {
  readonly process: ChildProcess;
  readonly url: string;
  readonly tokens: Record<string, string>;
  readonly exit: Promise<unknown[]>;
}

const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { scripts: { start: string } };

/** Starts the built process as npm does, and resolves when it has printed where it serves. */
async function start(env: Record<string, string>): Promise<Running> {
  // Its shell is replaced by the process: a signal to the one must reach the other.
  const child = spawn("sh", ["-c", scripts.start], {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = once(child, "exit");
  let printed = "";
  const text = new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", (chunk) => {
      printed += chunk;
      if (/serving on [\s\S]*(dev\/token|data: .*\n$)/.test(printed)) resolve(printed);
    });
    child.stderr?.on("data", (chunk) => {
      printed += chunk;
    });
    child.once("exit", () => reject(new Error(`ended: ${printed}`)));
  });
  const output = await text;
  const tokens = Object.fromEntries([...output.matchAll(/export (\w+)=(\S+)/g)].map((found) => [found[1], found[2]]));
  return {
    process: child,
    url: /serving on (\S+)/.exec(output)?.[1] ?? "",
    tokens: tokens as Record<string, string>,
    exit,
  };
}

/** Then the next process may open the same data. */
async function end(khui: Running): Promise<void> {
  khui.process.kill("SIGKILL");
  await khui.exit;
}

async function ask(url: string, token: string | undefined, method: string, path: string, body?: unknown) {
  const response = await fetch(`${url}/api/v1/chat${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { "content-type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return (await response.json()) as Record<string, never>;
}

test("the printed tokens and the README's quick start work, and data outlives the process", async (t) => {
  let khui = await start({ DATA_DIR: dataDir, PORT: "0" });
  t.teardown(() => end(khui));

  t.equal(khui.tokens.KHUI_URL, khui.url);
  const readme = await readFile(join(root, "README.md"), "utf8");
  const script = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  t.ok(script, "the README has a quick start");
  // Where socket.io-client can be resolved, and which git ignores.
  const file = join(root, "services/standalone/node_modules", `.hello-${process.pid}.mjs`);
  await writeFile(file, script ?? "");
  t.teardown(() => rm(file, { force: true }));
  const hello = spawn(process.execPath, [file], {
    env: { ...process.env, ...khui.tokens, NODE_OPTIONS: "" },
  });
  let said = "";
  hello.stdout.on("data", (chunk) => {
    said += chunk;
  });
  hello.stderr.on("data", (chunk) => {
    said += chunk;
  });
  t.same(await once(hello, "exit"), [0, null]);
  t.match(said, /Alice: สวัสดี Bob! \(entry 1 of the room's log\)/);

  const room = (await ask(khui.url, khui.tokens.ALICE, "GET", "/rooms")).chatRooms?.[0] as unknown as { _id: string };
  await end(khui);
  khui = await start({ DATA_DIR: dataDir, PORT: "0" });
  const messages = (await ask(khui.url, khui.tokens.BOB, "GET", `/rooms/${room._id}/messages`))
    .messages as unknown as unknown[];
  t.match(messages, [{ content: "สวัสดี Bob!", seq: 1 }], "after SIGKILL");
  khui.process.kill("SIGTERM");
  t.same(await khui.exit, [0, null], "SIGTERM ends it cleanly");
});

test("with a secret given there is no sign-in for everyone, and the secret's tokens are taken", async (t) => {
  const khui = await start({ DATA_DIR: dataDir, PORT: "0", JWT_SECRET: "a secret of decent length" });
  t.teardown(() => end(khui));
  t.same(khui.tokens, {});
  const answer = await fetch(`${khui.url}/dev/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"userId":"x"}',
  });
  t.equal(answer.status, 404);
});

test("development tokens are for this machine only", async (t) => {
  const khui = await start({ DATA_DIR: dataDir, PORT: "0" });
  t.teardown(() => end(khui));
  // Not fetch, which does not let a caller set some of these headers.
  const status = (headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const sent = request(
        `${khui.url}/dev/token`,
        { method: "POST", headers: { "content-type": "application/json", ...headers } },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      sent.on("error", reject).end('{"userId":"carol","name":"Carol"}');
    });
  t.equal(await status({}), 200);
  t.equal(await status({ origin: "http://elsewhere.example" }), 404);
  t.equal(await status({ "x-forwarded-for": "203.0.113.9" }), 404);
});

test("a start that cannot succeed says why and leaves with code 1", async (t) => {
  await t.rejects(
    start({ DATA_DIR: dataDir, PORT: "99999", JWT_SECRET: "short" }),
    /JWT_SECRET[\s\S]*PORT/,
    "all faults at once",
  );
  const taken = createServer().listen(0, "localhost");
  await once(taken, "listening");
  t.teardown(() => void taken.close());
  const { port } = taken.address() as { port: number };
  const line = new RegExp(`^ended: [^\\n]*port ${port} of \\S+ is in use[^\\n]*\\n$`);
  await t.rejects(start({ DATA_DIR: dataDir, PORT: String(port) }), { message: line });
});

test("a data folder has one process at a time", async (t) => {
  const khui = await start({ DATA_DIR: dataDir, PORT: "0" });
  t.teardown(() => end(khui));
  await t.rejects(start({ DATA_DIR: dataDir, PORT: "0" }), new RegExp(`${dataDir}/postgres is in use by process`));
});

test("data of the format before is not passed over: it says so, and leaves it as it is", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "khui-before-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "postgres", "data"), { recursive: true });
  await writeFile(join(folder, "postgres", "data", "PG_VERSION"), "17\n");
  await t.rejects(
    start({ DATA_DIR: folder, PORT: "0" }),
    new RegExp(`${folder}/postgres holds a database of an earlier`),
  );
  t.same(await readdir(join(folder, "postgres", "data")), ["PG_VERSION"]);
});

test("with POSTGRES_URL everything is kept on that server, and none is started", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "khui-elsewhere-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const url = await ownDatabase(t);
  const khui = await start({ DATA_DIR: folder, PORT: "0", POSTGRES_URL: url });
  t.teardown(() => end(khui));
  const request = { type: "private", participants: ["alice", "bob"] };
  const room = (await ask(khui.url, khui.tokens.ALICE, "POST", "/rooms", request)).chatRoom as unknown as {
    _id: string;
  };
  const database = openPostgres({ url, poolSize: 1 });
  t.teardown(() => database.close());
  const { rows } = await sql`select id from rooms.rooms`.execute(database.kysely());
  t.same(rows, [{ id: room._id }]);
  t.notOk((await readdir(folder)).includes("postgres"));
});

test("a killed server is followed by another, and requests are answered again", async (t) => {
  const khui = await start({ DATA_DIR: dataDir, PORT: "0" });
  t.teardown(() => end(khui));
  const id = Number.parseInt(await readFile(join(dataDir, "postgres", "data", "postmaster.pid"), "utf8"), 10);
  process.kill(id, "SIGKILL");
  const rooms = async () =>
    (await fetch(`${khui.url}/api/v1/chat/rooms`, { headers: { authorization: `Bearer ${khui.tokens.ALICE}` } }))
      .status;
  await eventually(async () => (await rooms()) === 200);
  t.equal(khui.process.exitCode, null);
});

test("when a backup is back, RESTORED tells positions of before from those of now, even of the same number", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "khui-restore-"));
  // PostgreSQL may still be writing its last files when its parent has gone.
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  const [data, backup] = [join(folder, "data"), join(folder, "backup")];
  let khui = await start({ DATA_DIR: data, PORT: "0" });
  t.teardown(() => end(khui));
  const request = { type: "private", participants: ["alice", "bob"] };
  const room = (await ask(khui.url, khui.tokens.ALICE, "POST", "/rooms", request)).chatRoom as unknown as {
    _id: string;
  };
  const say = (content: string) =>
    ask(khui.url, khui.tokens.ALICE, "POST", `/rooms/${room._id}/messages`, { type: "text", content });
  const copy = (from: string, to: string) => execFileSync("cp", ["-a", from, to]);
  const restart = async (env: Record<string, string>) => {
    khui.process.kill("SIGTERM");
    await khui.exit;
    if (env.RESTORED) {
      await rm(data, { recursive: true });
      copy(backup, data);
    } else copy(data, backup);
    khui = await start({ DATA_DIR: data, PORT: "0", ...env });
  };
  /** Where Bob is after he has joined, and whether he was told to fetch the room again. */
  const enter = async (position: object) => {
    const socket = io(khui.url, { forceNew: true });
    const told: unknown[] = [];
    socket.on("resync_required", (payload) => told.push(payload));
    await socket.emitWithAck("authenticate", { token: khui.tokens.BOB });
    const { data } = await socket.emitWithAck("join_chat", { chatRoomId: room._id, ...position });
    socket.close();
    return { seq: data.seq as number, epoch: data.epoch as string, resyncs: told.length };
  };

  await say("kept");
  await restart({});
  await say("lost");
  const { seq: lastSeq, epoch } = await enter({ lastSeq: 1 });
  t.equal(lastSeq, 2);
  await restart({ RESTORED: "today" });
  t.match(await enter({ lastSeq }), { seq: 1, resyncs: 1 }, "beyond the end");
  await say("another");
  const now = await enter({ lastSeq, epoch });
  t.match(now, { seq: 2, resyncs: 1 }, "another entry has this number");
  t.not(now.epoch, epoch);
  t.match(await enter({ lastSeq, epoch: now.epoch }), { seq: 2, epoch: now.epoch, resyncs: 0 });
});

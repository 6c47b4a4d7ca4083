// Every image, without Docker: its pruned folder, its command and Compose's environment, run as a user who owns nothing.
import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startBackends } from "@khui/backends/backends";
import { type GuardedProcess, startGuarded } from "@khui/backends/guarded-process";
import { freePort, ready } from "@khui/backends/probes";
import type { Secrets } from "@khui/backends/secrets";
import { connectS3Blobs } from "@khui/blobs/s3";
import t, { test } from "tap";
import { rootKey, startPolicedStore } from "../../s3/test/policed-store.js";
import { compose, filledVariables, root } from "./compose-file.js";
import { dockerfile, execForm, image, setUpWith } from "./dockerfile.js";
import { serviceNames } from "./environments.js";

const run = promisify(execFile);
const startTimeoutMs = 60_000;
const attempts = 3;
const [uid, gid] = (image().find(({ name }) => name === "USER")?.rest ?? "").split(":").map(Number);
const command = (name: string) => execForm(image().find((one) => one.name === name)!);

const place = mkdtempSync(join(tmpdir(), "khui-images-"));
chmodSync(place, 0o755);
t.teardown(() => rmSync(place, { recursive: true, force: true }));
const variables = filledVariables();
const backends = await startBackends(["postgres", "nats", "redis"], {
  environment: {},
  secrets: variables as unknown as Secrets,
});
t.teardown(() => backends.stop());
const files = await startPolicedStore();
t.teardown(() => files.close());
const config = compose(variables);
for (const { environment: { S3_BUCKET: bucket } = {} } of Object.values(config.services)) {
  if (bucket === undefined) continue;
  const blobs = connectS3Blobs({ endPoint: files.url, ...rootKey, bucket });
  await blobs.ping();
  await blobs.close();
}

/** The addresses of Compose's network, on loopback. */
const servers: Readonly<Record<string, string>> = {
  "postgres:5432/khui": `${new URL(backends.postgresUrl ?? "").host}/postgres`,
  "nats:4222": new URL(backends.natsUrl ?? "").host,
  "redis:6379": new URL(backends.redisUrl ?? "").host,
  "minio:9000": new URL(files.url).host,
};

/** Creates a folder that the image's user may write to, like its /tmp and volumes. */
function writable(path: string): string {
  mkdirSync(path);
  if (process.getuid?.() === 0 && uid && gid) chownSync(path, uid, gid);
  return path;
}

function environmentOf(service: string, home: string, port: number): Record<string, string> {
  const environment = { ...config.services[service]?.environment };
  for (const [name, value] of Object.entries(environment)) {
    const mapped = Object.entries(servers).reduce((text, [from, to]) => text.replace(from, to), value);
    environment[name] = mapped.replace(/^\/scratch$/, join(home, "scratch"));
  }
  return { ...environment, TMPDIR: join(home, "tmp"), HOST: "127.0.0.1", PORT: String(port) };
}

/** As in the Dockerfile's stage. */
async function prune(service: string, folder: string): Promise<void> {
  const form = dockerfile().find(({ rest }) => rest.includes(" deploy "))?.rest ?? "";
  const [program, ...args] = form
    .replaceAll('"', "")
    .replace(/\$\{SERVICE\}/, service)
    .replace("/app", folder)
    .split(" ");
  if (program !== "pnpm") throw new Error(`not pnpm: ${form}`);
  await run("npx", ["--yes", setUpWith(), ...args], { cwd: root, env: { ...process.env, NODE_OPTIONS: "" } });
}

/** Runs `words` in `folder` with only this environment, as the image's user if possible. */
function wrapped(words: string[], folder: string, environment: Record<string, string>) {
  const [program, ...args] = words;
  if (program !== "node") throw new Error(`not Node: ${program}`);
  const pairs = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const who = process.getuid?.() === 0 && uid && gid ? { uid, gid } : {};
  const script = 'cd "$0" && exec env -i "$@"';
  return { file: "/bin/sh", args: ["-c", script, folder, ...pairs, process.execPath, ...args], ...who };
}

// All at once: most of it is waiting, for the registry's word on the lockfile and for services to end.
t.jobs = serviceNames.length;
for (const service of serviceNames) {
  const name = `${service} starts from its image's files, becomes healthy, and exits on SIGTERM`;
  test(name, { buffered: true, timeout: 240_000 }, async (t) => {
    const [home, app] = [join(place, service), join(place, service, "app")];
    mkdirSync(home);
    await prune(service, app);
    writable(join(home, "tmp"));
    writable(join(home, "scratch"));

    let environment: Record<string, string> = {};
    let started: GuardedProcess | undefined;
    const answers = async (): Promise<boolean> =>
      (await fetch(`http://127.0.0.1:${environment.PORT}/readyz`).catch(() => undefined))?.status === 200;
    for (let attempt = 1; !started?.running; attempt += 1) {
      if (started && attempt > attempts) throw new Error(`${service} does not start:\n${started.logTail()}`);
      // Another process can take the port between choosing and using it.
      environment = environmentOf(service, home, await freePort());
      const current = await startGuarded(wrapped(command("CMD"), app, environment), home);
      t.teardown(() => current.kill());
      started = current;
      await ready(answers, () => current.running, startTimeoutMs);
    }
    const health = async () => (await fetch(`http://127.0.0.1:${environment.PORT}/readyz`)).json();
    t.match(await health(), { status: "ready" });

    if (environment.S3_ACCESS_KEY) {
      files.revoked.add(service);
      t.match(await health(), { status: "degraded", dependencies: { blobs: "down" } }, "a refused key shows");
      t.match(started.logTail(), /"dependency":"blobs".*"a dependency is down"/, "in the log too");
      t.match(started.logTail(), /authorized credentials required/, "with the reason");
      files.revoked.delete(service);
      t.match(await health(), { status: "ready" });
    }

    const check = () => {
      const { file, args, ...who } = wrapped(command("HEALTHCHECK"), app, environment);
      return run(file, args, who);
    };
    await t.resolves(check(), "its health check says so too");
    await started.stop();
    t.notOk(started.running);
    t.match(started.logTail(), /"level":30/, "it logs");
    await t.rejects(check(), "and says so when it is gone");
    rmSync(app, { recursive: true });
  });
}

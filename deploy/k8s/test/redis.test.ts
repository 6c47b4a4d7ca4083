// The Redis of the overlay `small` admits each service with its own URL, and with the same permissions as elsewhere.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startGuarded } from "@khui/backends/guarded-process";
import { freePort, ready, replies } from "@khui/backends/probes";
import { findSource, thisMachine } from "@khui/backends/source";
import { connectRedisLimits } from "@khui/limits/redis";
import { rawClient } from "@khui/test-kit/raw-client";
import { test } from "tap";
import { serviceNames } from "../../docker/test/environments.js";
import { variablesOf } from "./environment.js";
import { type Rendered, render } from "./rendered.js";

test("each service's URL gives access to its own keys, and a wrong password to nothing", async (t) => {
  const rendered = await render("small");
  const port = await startServer(t, rendered);
  for (const service of serviceNames) {
    const [container] = rendered.one("Deployment", service).spec?.template.spec?.containers ?? [];
    const { REDIS_URL = "" } = variablesOf(rendered, container!);
    const url = Object.assign(new URL(REDIS_URL), { host: `127.0.0.1:${port}` });
    const faults: unknown[] = [];
    const onError = (error: unknown) => void faults.push(error);
    const limits = connectRedisLimits({ url: url.href, prefix: `khui:limits:${service}:`, timeoutMs: 10_000, onError });
    t.teardown(() => limits.close());
    await limits.take({ name: "user", points: 2, perSeconds: 60 }, "somebody");
    t.same(faults, [], service);
    // The test of users.conf checks the permissions.
    await t.rejects(rawClient(t, url.href).keys("*"), /NOPERM/, service);
    url.password = "another";
    await t.rejects(rawClient(t, url.href).ping(), service);
  }
});

test("the users are those of deploy/redis", async (t) => {
  const file = (name: string) => readFileSync(new URL(`../../redis/${name}`, import.meta.url), "utf8");
  const { data } = (await render("small")).one("ConfigMap", "redis");
  t.same(data, { "users.conf": file("users.conf"), "start.sh": file("start.sh") });
});

/** Started with the overlay's command, configuration and Secret, on loopback. */
async function startServer(t: { teardown(close: () => unknown): unknown }, rendered: Rendered): Promise<number> {
  const redis = await findSource(
    { binary: "redis-server", debianPackages: ["redis-server"] },
    thisMachine(process.env),
  );
  if (redis.kind !== "binary") throw new Error("redis-server is a program of this machine");
  const folder = mkdtempSync(join(tmpdir(), "khui-redis-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [container] = rendered.one("StatefulSet", "redis").spec?.template.spec?.containers ?? [];
  for (const [name, text] of Object.entries(rendered.one("ConfigMap", "redis").data ?? {})) {
    writeFileSync(join(folder, name), text);
  }
  const port = await freePort();
  const words = [...(container?.command ?? []), ...(container?.args ?? [])];
  const [file = "", ...args] = words.map((word) => word.replace("/etc/khui", folder));
  const env = { ...variablesOf(rendered, container!), PATH: `${dirname(redis.path)}:${process.env.PATH}` };
  const place = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder];
  const server = await startGuarded({ file, args: [...args, ...place], env }, folder);
  t.teardown(() => server.stop());
  const up = await ready(
    () => replies(port, "PING\r\n", "-NOAUTH"),
    () => server.running,
    15_000,
  );
  if (!up) throw new Error(server.logTail());
  return port;
}

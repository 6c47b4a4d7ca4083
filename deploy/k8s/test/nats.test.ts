// The NATS server of the overlay `small` admits each service with its own URL, and with the same permissions as elsewhere.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGuarded } from "@khui/backends/guarded-process";
import { accepts, freePort, ready } from "@khui/backends/probes";
import { findSource, thisMachine } from "@khui/backends/source";
import { connectNats } from "@khui/bus/nats";
import { test } from "tap";
import { serviceNames } from "../../docker/test/environments.js";
import { variablesOf } from "./environment.js";
import { type Rendered, render } from "./rendered.js";

test("each service's URL opens the bus, and a wrong password does not", async (t) => {
  const rendered = await render("small");
  const port = await startServer(t, rendered);
  for (const service of serviceNames) {
    const [container] = rendered.one("Deployment", service).spec?.template.spec?.containers ?? [];
    const { NATS_URL = "" } = variablesOf(rendered, container!);
    const url = Object.assign(new URL(NATS_URL), { host: `127.0.0.1:${port}` });
    const faults: unknown[] = [];
    const bus = await connectNats({ servers: url.href, name: service, onError: (error) => faults.push(error) });
    await bus.flush();
    t.same(faults, [], service);
    // The test of nats.conf checks the permissions.
    bus.subscribe("khui.>", async () => undefined);
    await bus.flush();
    t.match(faults, [/permissions? violation/i], `${service} does not hear everything`);
    await bus.close();
    url.password = "another";
    await t.rejects(connectNats({ servers: url.href, name: service, onError: () => undefined }), /authorization/i);
  }
});

test("the permissions are those of deploy/nats", async (t) => {
  const { data } = (await render("small")).one("ConfigMap", "nats");
  t.same(data, { "nats.conf": readFileSync(new URL("../../nats/nats.conf", import.meta.url), "utf8") });
});

/** Started with the overlay's configuration and Secret, on loopback. */
async function startServer(t: { teardown(close: () => unknown): unknown }, rendered: Rendered): Promise<number> {
  const nats = await findSource({ binary: "nats-server", debianPackages: ["nats-server"] }, thisMachine(process.env));
  if (nats.kind !== "binary") throw new Error("nats-server is a program of this machine");
  const folder = mkdtempSync(join(tmpdir(), "khui-nats-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [container] = rendered.one("StatefulSet", "nats").spec?.template.spec?.containers ?? [];
  const env = variablesOf(rendered, container!);
  const file = join(folder, "nats.conf");
  writeFileSync(file, rendered.one("ConfigMap", "nats").data?.["nats.conf"] ?? "");
  const [port, statusPort] = [await freePort(), await freePort()];
  const given = container?.args?.map((arg) =>
    arg === "/etc/khui/nats.conf" ? file : arg === "8222" ? String(statusPort) : arg,
  );
  const args = [...(given ?? []), "--addr", "127.0.0.1", "--port", String(port)];
  const server = await startGuarded({ file: nats.path, args, env }, folder);
  t.teardown(() => server.stop());
  const up = await ready(
    () => accepts(port),
    () => server.running,
    15_000,
  );
  if (!up) throw new Error(server.logTail());
  return port;
}

// The NATS server of the overlay `small` lets in each service by its own URL, to Khui's subjects only.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "tap";
import { connectNats } from "../../../packages/bus/src/nats.js";
import { startGuarded } from "../../backends/guarded-process.js";
import { accepts, freePort, ready } from "../../backends/probes.js";
import { findSource, thisMachine } from "../../backends/source.js";
import { variablesOf } from "./environment.js";
import { type Rendered, render, services } from "./rendered.js";

test("each service's URL opens the bus, and a wrong password does not", async (t) => {
  const rendered = await render("small");
  const port = await startServer(t, rendered);
  for (const service of services) {
    const [container] = rendered.one("Deployment", service).spec?.template.spec?.containers ?? [];
    const { NATS_URL = "" } = variablesOf(rendered, container!);
    const url = Object.assign(new URL(NATS_URL), { host: `127.0.0.1:${port}` });
    const faults: unknown[] = [];
    const bus = await connectNats({ servers: url.href, name: service, onError: (error) => faults.push(error) });
    const heard = new Promise((resolve) => bus.subscribe(`khui.test.${service}`, async () => resolve(service)));
    await bus.flush();
    bus.publish(`khui.test.${service}`, Buffer.from("1"));
    t.equal(await heard, service);
    t.same(faults, [], service);
    bus.subscribe("elsewhere.>", async () => undefined);
    await bus.flush();
    t.match(faults, [/permissions? violation/i], `${service} hears nothing else`);
    await bus.close();
    url.password = "another";
    await t.rejects(connectNats({ servers: url.href, name: service, onError: () => undefined }), /authorization/i);
  }
});

/** Started with the overlay's configuration and Secret, on loopback. */
async function startServer(t: { teardown(close: () => unknown): unknown }, rendered: Rendered): Promise<number> {
  const nats = await findSource({ binary: "nats-server", debianPackages: ["nats-server"] }, thisMachine(process.env));
  if (nats.kind !== "binary") throw new Error("nats-server is a program of this machine");
  const folder = mkdtempSync(join(tmpdir(), "khui-nats-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [container] = rendered.one("StatefulSet", "nats").spec?.template.spec?.containers ?? [];
  Object.assign(process.env, variablesOf(rendered, container!));
  const file = join(folder, "nats.conf");
  const given = rendered.one("ConfigMap", "nats").data?.["nats.conf"] ?? "";
  const port = await freePort();
  writeFileSync(file, given.replace("0.0.0.0:4222", `127.0.0.1:${port}`).replace(/^http: .*$/m, ""));
  const server = await startGuarded({ file: nats.path, args: ["--config", file] }, folder);
  t.teardown(() => server.stop());
  const up = await ready(
    () => accepts(port),
    () => server.running,
    15_000,
  );
  if (!up) throw new Error(server.logTail());
  return port;
}

// Each service gets the settings that its schema requires, and none that it does not read.
import { readFileSync } from "node:fs";
import { keysFrom } from "@khui/service/http";
import { readEnvironment } from "@khui/service/process";
import { test } from "tap";
import { beside, serviceNames, settingsOf } from "../../docker/test/environments.js";
import { variablesOf } from "./environment.js";
import { overlays, render } from "./rendered.js";

/** Read by the C library. */
const malloc = "MALLOC_ARENA_MAX";
const secret = /PASSWORD|SECRET|_KEY|POSTGRES_URL|NATS_URL|REDIS_URL/;

for (const overlay of overlays) {
  test(`in ${overlay} every service's environment is valid, and it reads all of it`, async (t) => {
    const rendered = await render(overlay);
    for (const service of serviceNames) {
      const [container] = rendered.one("Deployment", service).spec?.template.spec?.containers ?? [];
      const schema = settingsOf(service);
      const given = variablesOf(rendered, container!);
      const values = readEnvironment(schema, given);
      t.doesNotThrow(() => keysFrom(values), `${service} has one kind of key`);
      const read = new Set([...Object.keys(schema.properties), ...beside, malloc]);
      t.same(
        Object.keys(given).filter((name) => !read.has(name)),
        [],
        `${service} reads all that it is given`,
      );
      for (const name of beside) t.ok(name in given, `${service} can be given ${name}`);
      t.equal(values.PORT, container?.ports?.find(({ name }) => name === "http")?.containerPort, `${service}'s port`);
    }
  });

  test(`in ${overlay} every migration gets its Postgres URL, and only that`, async (t) => {
    const rendered = await render(overlay);
    const containers = rendered.one("Job", "migrations").spec?.template.spec?.containers ?? [];
    t.same(
      containers.map(({ name }) => name),
      serviceNames.filter((service) => "POSTGRES_URL" in settingsOf(service).properties),
    );
    for (const container of containers) {
      const service = serviceNames.find((one) => one === container.name)!;
      // The migrations test checks that this is enough, and required.
      t.same(Object.keys(variablesOf(rendered, container)), ["POSTGRES_URL"], service);
      t.equal(container.image, rendered.one("Deployment", service).spec?.template.spec?.containers[0]?.image, service);
    }
  });

  test(`in ${overlay} no ConfigMap holds a secret, and no service sees another's`, async (t) => {
    const rendered = await render(overlay);
    for (const { metadata, data } of rendered.of("ConfigMap")) {
      t.same(
        Object.keys(data ?? {}).filter((name) => secret.test(name)),
        [],
        String(metadata?.name),
      );
    }
    for (const service of serviceNames) {
      const [container] = rendered.one("Deployment", service).spec?.template.spec?.containers ?? [];
      const seen = (container?.envFrom ?? []).flatMap(
        ({ secretRef }) => secretRef?.name?.replace(/-[a-z0-9]{10}$/, "") ?? [],
      );
      const links = service === "messages-api" || service === "media-service" ? ["media-links"] : [];
      t.same(seen, [service, "tokens", ...links], service);
    }
  });
}

test("the README's number of connections for production is what its replicas can open", async (t) => {
  const rendered = await render("production");
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  let most = 0;
  for (const service of serviceNames) {
    const { replicas, pool } = sizesOf(service);
    // One more replica during a rollout.
    const own = (replicas + 1) * pool;
    const name = service.replace(/-(api|service)$/, "").replace("sticker", "stickers");
    if (pool > 0) t.match(readme, `${own} (${name})`, "the limit of its role");
    most += own;
  }
  // One for each migration.
  most += rendered.one("Job", "migrations").spec?.template.spec?.containers.length ?? 0;
  t.match(readme, `**${most} connections**`);

  function sizesOf(service: string): { replicas: number; pool: number } {
    const [container] = rendered.one("Deployment", service).spec?.template.spec?.containers ?? [];
    const replicas = rendered.one("HorizontalPodAutoscaler", service).spec?.maxReplicas ?? Number.NaN;
    return { replicas, pool: Number(variablesOf(rendered, container!).POSTGRES_POOL ?? 0) };
  }
});

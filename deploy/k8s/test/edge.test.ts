// The edge in a cluster routes like every other edge of Khui, and finds the maximum number of replicas.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findSource, thisMachine } from "@khui/backends/source";
import { test } from "tap";
import { serviceNames } from "../../docker/test/environments.js";
import { render } from "./rendered.js";

const run = promisify(execFile);
const file = fileURLToPath(new URL("../base/edge/haproxy.cfg", import.meta.url));
const inside = readFileSync(file, "utf8");
const outside = readFileSync(fileURLToPath(new URL("../../edge/haproxy.cfg", import.meta.url)), "utf8");
/** Named in this configuration, and set by the pod's environment. */
const environment = {
  NAMESPACE: "khui",
  CLUSTER_DOMAIN: "cluster.local",
  EDGE_CONNECTIONS_PER_ADDRESS: "2000",
  EDGE_REQUESTS_PER_ADDRESS: "2000",
  EDGE_POLLS_PER_ADDRESS: "20000",
};

/** Different in a cluster: who the client is, TLS (the Ingress has it), how replicas are found, how long sockets outlive a stop. */
const own =
  /ssl-default-bind|EDGE_TLS|:3443|\.endif|X-Forwarded-For|forwardfor|track-sc0|sc0_conn_cur|resolvers|store-response|server-template|hard-stop-after/;

/** All other lines, without comments and without the defaults of variables. */
function rules(configuration: string): string[] {
  const lines = configuration.split("\n").filter((line) => !/^\s*(#|$)/.test(line) && !own.test(line));
  return lines.map((line) => line.replace(/(?<=\$\{\w+)-\w+(?=\})/, ""));
}

test("the rules are those of the edge outside of clusters", (t) => {
  t.ok(rules(inside).length > 60);
  t.same(rules(inside), rules(outside));
  t.end();
});

test("the limits per address are those outside of clusters", async (t) => {
  const [container] = (await render("production")).one("Deployment", "edge").spec?.template.spec?.containers ?? [];
  for (const [, name = "", byDefault] of outside.matchAll(/\$\{(EDGE_\w+)-(\d+)\}/g)) {
    t.equal(container?.env?.find((variable) => variable.name === name)?.value, byDefault, name);
  }
  t.end();
});

test("HAProxy accepts the configuration with the pod's variables", async (t) => {
  const source = await findSource({ binary: "haproxy", debianPackages: ["haproxy"] }, thisMachine(process.env));
  if (source.kind !== "binary") throw new Error("HAProxy is a program of this machine");
  await run(source.path, ["-c", "-f", file], { env: { PATH: process.env.PATH, ...environment } });
  const named = new Set([...inside.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name));
  t.same([...named].sort(), Object.keys(environment).sort());
  const [container] = (await render("production")).one("Deployment", "edge").spec?.template.spec?.containers ?? [];
  t.same(container?.env?.map(({ name }) => name).sort(), [...named].sort());
});

test("the edge supports the maximum replicas of each service, plus one during a rollout", async (t) => {
  const rendered = await render("production");
  for (const name of serviceNames) {
    const line = new RegExp(
      `server-template ${name}- (\\d+) "${name}\\.\\$\\{NAMESPACE\\}\\.svc\\.\\$\\{CLUSTER_DOMAIN\\}:3000"`,
    );
    const places = Number(line.exec(inside)?.[1]);
    const most = rendered.one("HorizontalPodAutoscaler", name).spec?.maxReplicas ?? Number.NaN;
    t.ok(places > most, `${name}: ${places} places for ${most} replicas`);
    t.equal(rendered.one("Service", name).spec?.clusterIP, "None", `${name}'s replicas have names`);
    const any = new RegExp(`server ${name}-any "${name}-any\\.\\$\\{NAMESPACE\\}\\S+:3000" .* backup$`, "m");
    t.match(inside, any, "and one address together");
    t.equal(rendered.one("Service", `${name}-any`).spec?.clusterIP, undefined);
  }
});

test("the whole shutdown fits into the pod's grace period", async (t) => {
  const pod = (await render("small")).one("Deployment", "edge").spec?.template.spec;
  const wait = Number(pod?.containers[0]?.lifecycle?.preStop?.exec?.command?.[1]);
  const stop = Number(/hard-stop-after (\d+)s/.exec(inside)?.[1]);
  t.ok(wait > 0 && stop > 0);
  t.ok(wait + stop < (pod?.terminationGracePeriodSeconds ?? 0));
});

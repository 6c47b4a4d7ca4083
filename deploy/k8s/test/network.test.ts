// The network policies allow each service to connect to what its environment names, and to nothing else.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Container } from "kubernetes-types/core/v1.js";
import { test } from "tap";
import { serviceNames } from "../../docker/test/environments.js";
import { variablesOf } from "./environment.js";
import { allows, type Connection, type End } from "./network.js";
import { fits, type Pod, podsOf } from "./pods.js";
import { fillSecrets, overlays, type Rendered, render, renderWith } from "./rendered.js";

const ingress: End = { namespace: { "kubernetes.io/metadata.name": "ingress-nginx" } };
const names: End = { namespace: { "kubernetes.io/metadata.name": "kube-system" } };
const monitoring: End = { namespace: { "khui/monitoring": "true" } };
const stranger: End = { namespace: { "kubernetes.io/metadata.name": "default" } };
const usual: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };
const parts = ["POSTGRES_URL", "NATS_URL", "REDIS_URL", "S3_URL"];

for (const overlay of overlays) {
  test(`in ${overlay} every pod can reach the servers in its environment, and DNS`, async (t) => {
    const { rendered, reaches } = await scene(overlay);
    for (const pod of podsOf(rendered).filter(({ labels }) => labels["khui/service"] || labels["khui/uses-postgres"])) {
      for (const url of pod.spec.containers.flatMap((container) => partsOf(rendered, container))) {
        t.ok(reaches({ from: { pod }, ...placeOf(rendered, url) }), `${pod.name} reaches ${url.host}`);
      }
      for (const protocol of ["TCP", "UDP"] as const) {
        t.ok(reaches({ from: { pod }, to: names, port: 53, protocol }), `${pod.name} asks for names by ${protocol}`);
      }
    }
  });

  test(`in ${overlay} no pod can reach a server that its environment does not name`, async (t) => {
    const { rendered, reaches, podOf } = await scene(overlay);
    const urls = podsOf(rendered).flatMap(({ spec }) => spec.containers.flatMap((one) => partsOf(rendered, one)));
    const places = new Map(urls.map((url) => [placeKey(url), placeOf(rendered, url)]));
    t.equal(places.size, 4);
    for (const name of [...serviceNames, "migrations", "edge"]) {
      const own = podOf(name)
        .spec.containers.flatMap((container) => partsOf(rendered, container))
        .map(placeKey);
      for (const [key, place] of places) {
        // A pod that may reach any https address can also reach those of other servers.
        if (!own.includes(key)) t.notOk(reaches({ from: { pod: podOf(name) }, ...place }), `${name} keeps from ${key}`);
      }
      t.notOk(reaches({ from: { pod: podOf(name) }, to: { ip: "93.184.216.34" }, port: 80 }), `${name} stays inside`);
    }
  });

  test(`in ${overlay} requests come in through Ingress, edge and service`, async (t) => {
    const { reaches, podOf } = await scene(overlay);
    const edge = { pod: podOf("edge") };
    t.ok(reaches({ from: ingress, to: edge, port: 3101 }));
    t.notOk(reaches({ from: stranger, to: edge, port: 3101 }));
    t.notOk(reaches({ from: ingress, to: edge, port: 8404 }), "the edge's metrics are for the inside");
    t.ok(reaches({ from: monitoring, to: edge, port: 8404 }));
    for (const name of serviceNames) {
      const service = { pod: podOf(name) };
      t.ok(reaches({ from: edge, to: service, port: 3000 }), `the edge reaches ${name}`);
      t.ok(reaches({ from: monitoring, to: service, port: 3000 }), `Prometheus reaches ${name}`);
      t.notOk(reaches({ from: ingress, to: service, port: 3000 }), `nobody passes by the edge to ${name}`);
      for (const other of serviceNames) {
        const from = { pod: podOf(other) };
        t.notOk(reaches({ from, to: service, port: 3000 }), `${other} asks ${name} over the bus only`);
      }
    }
  });
}

test("in small nobody outside can reach the servers, and they can reach nothing", async (t) => {
  const { rendered, reaches } = await scene("small");
  for (const pod of podsOf(rendered).filter(({ kind }) => kind === "StatefulSet")) {
    const ports = pod.spec.containers.flatMap(({ ports }) => ports ?? []);
    for (const from of [ingress, stranger, monitoring]) {
      for (const { containerPort: port } of ports) t.notOk(reaches({ from, to: { pod }, port }), `${pod.name} ${port}`);
    }
    t.notOk(reaches({ from: { pod }, to: { ip: "93.184.216.34" }, port: 443 }), `${pod.name} stays inside`);
  }
});

test("with the components every service can reach its key set and the collector in its settings", async (t) => {
  const taken = await renderWith("production", async (folder) => {
    await fillSecrets(folder);
    const file = join(folder, "kustomization.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^# (?=components:| {2}- \.\.\/\.\.\/components)/gm, ""));
  });
  const [plain, changed] = [await scene("production"), await scene("production", taken)];
  for (const name of serviceNames) {
    const pod = changed.podOf(name);
    const { OTEL_EXPORTER_OTLP_ENDPOINT = "" } = variablesOf(taken, pod.spec.containers[0]!);
    const collector = { from: { pod }, to: monitoring, port: Number(new URL(OTEL_EXPORTER_OTLP_ENDPOINT).port) };
    t.ok(changed.reaches(collector), `${name} reaches the collector`);
    t.notOk(plain.reaches(collector), `${name} does not without the component`);
    t.ok(changed.reaches({ from: { pod }, to: { ip: "93.184.216.34" }, port: 443 }), `${name} reaches the keys`);
  }
});

async function scene(overlay: (typeof overlays)[number], changed?: Rendered) {
  const rendered = changed ?? (await render(overlay));
  const policies = rendered.of("NetworkPolicy");
  const pods = podsOf(rendered);
  return {
    rendered,
    reaches: (connection: Connection) => allows(policies, connection),
    podOf(name: string): Pod {
      const pod = pods.find((one) => one.name === name);
      if (pod === undefined) throw new Error(`there is no pod ${name}`);
      return pod;
    },
  };
}

function partsOf(rendered: Rendered, container: Container): URL[] {
  const variables = variablesOf(rendered, container);
  return parts.flatMap((name) => (variables[name] ? [new URL(variables[name])] : []));
}

function portOf(url: URL): number {
  return Number(url.port) || usual[url.protocol]!;
}

function placeKey(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

/** Where a URL leads: to a pod by its Service, to a literal address, or else to some address outside. */
function placeOf(rendered: Rendered, url: URL): { to: End; port: number } {
  const service = rendered.of("Service").find(({ metadata }) => metadata?.name === url.hostname);
  const pod = service && podsOf(rendered).find((one) => fits(one, service.spec?.selector));
  const outside = /^[\d.]+$/.test(url.hostname) ? url.hostname : "198.51.100.7";
  return { to: pod ? { pod } : { ip: outside }, port: portOf(url) };
}

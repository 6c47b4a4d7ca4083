// Everything that manifests refer to exists: pods by labels, ports, accounts, configuration, workloads, images.

import type { Container, PodSpec, Probe } from "kubernetes-types/core/v1.js";
import { test } from "tap";
import { serviceNames } from "../../docker/test/environments.js";
import { fits, type Pod, podsOf } from "./pods.js";
import { overlays, render } from "./rendered.js";

for (const overlay of overlays) {
  test(`in ${overlay} every selector matches its own pods, and no others`, async (t) => {
    const rendered = await render(overlay);
    const pods = podsOf(rendered);
    const fitting = (selector: Readonly<Record<string, string>> | undefined) =>
      pods.filter((pod) => fits(pod, selector)).map(({ name }) => name);
    for (const { metadata, spec } of [...rendered.of("Deployment"), ...rendered.of("StatefulSet")]) {
      t.same(fitting(spec?.selector.matchLabels), [metadata?.name], `${metadata?.name} selects its pods`);
    }
    for (const { metadata, spec } of [...rendered.of("Service"), ...rendered.of("PodDisruptionBudget")]) {
      const selector = spec?.selector;
      const labels =
        selector && "matchLabels" in selector ? (selector.matchLabels as Record<string, string>) : selector;
      const found = [metadata?.name?.replace(/-any$/, "")];
      t.same(fitting(labels as Record<string, string>), found, `${metadata?.name} leads to its pods`);
    }
    for (const { metadata, spec } of rendered.of("NetworkPolicy")) {
      t.ok(fitting(spec?.podSelector.matchLabels).length > 0, `${metadata?.name} concerns somebody`);
    }
    for (const { name, spec } of pods) {
      for (const { labelSelector } of spec.topologySpreadConstraints ?? []) {
        t.ok(fitting(labelSelector?.matchLabels).includes(name), `${name} is spread among its like`);
      }
    }
  });

  test(`in ${overlay} everything that a pod refers to exists`, async (t) => {
    const rendered = await render(overlay);
    const there = new Set(rendered.all.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    for (const pod of podsOf(rendered)) {
      for (const name of namedBy(pod)) t.ok(there.has(name), `${pod.name} finds ${name}`);
      for (const container of pod.spec.containers) {
        const volumes = [...(pod.spec.volumes ?? []), ...claimsOf(pod)].map(({ name }) => name);
        for (const { name } of container.volumeMounts ?? []) t.ok(volumes.includes(name), `${pod.name} has ${name}`);
        t.match(container.image, /^[a-z/-]+:\S+$/, `${pod.name}'s image has a tag`);
        t.notMatch(container.image, /:latest$/, `${pod.name}'s image has a tag`);
      }
    }

    function claimsOf(pod: Pod): Array<{ name: string }> {
      const claims = pod.kind === "StatefulSet" ? rendered.one("StatefulSet", pod.name).spec?.volumeClaimTemplates : [];
      return (claims ?? []).map(({ metadata }) => ({ name: metadata?.name ?? "" }));
    }
  });

  test(`in ${overlay} services, probes and the Ingress use declared ports`, async (t) => {
    const rendered = await render(overlay);
    const pods = podsOf(rendered);
    for (const { metadata, spec } of rendered.of("Service")) {
      const pod = pods.find(({ labels }) => fits({ labels }, spec?.selector));
      for (const { targetPort, port } of spec?.ports ?? []) {
        const number = portOf(pod?.spec.containers ?? [], targetPort);
        t.ok(number, `${metadata?.name} leads to ${targetPort}`);
        // With a headless Service the port is that of the pod.
        if (spec?.clusterIP === "None") t.equal(port, number, `${metadata?.name} has the pod's port`);
      }
    }
    for (const pod of pods) {
      for (const container of pod.spec.containers) {
        for (const probe of probesOf(container)) {
          const port = probe.httpGet?.port ?? probe.tcpSocket?.port;
          t.ok(probe.exec ?? portOf([container], port), `${pod.name} is asked at ${port}`);
        }
      }
      const told = pod.annotations["prometheus.io/port"];
      t.equal(told !== undefined, pod.kind === "Deployment", `${pod.name} is watched`);
      if (told) t.ok(portOf(pod.spec.containers, Number(told)), `${pod.name} has metrics at ${told}`);
      if (told) t.equal(pod.annotations["prometheus.io/path"], "/metrics", pod.name);
    }
    for (const path of rendered.one("Ingress", "khui").spec?.rules?.flatMap(({ http }) => http?.paths ?? []) ?? []) {
      const { name = "", port } = path.backend.service ?? {};
      t.ok(
        rendered.one("Service", name).spec?.ports?.some((one) => one.name === port?.name),
        `the Ingress leads to ${name}`,
      );
    }
  });

  test(`in ${overlay} every workload has probes, a disruption budget, no privileges and resource limits`, async (t) => {
    const rendered = await render(overlay);
    for (const name of [...serviceNames, "edge"]) {
      const { spec } = rendered.one("Deployment", name);
      const [container] = spec?.template.spec?.containers ?? [];
      const path = name === "edge" ? "/healthz" : "/readyz";
      t.equal(container?.startupProbe?.httpGet?.path, "/healthz", name);
      t.equal(container?.livenessProbe?.httpGet?.path, "/healthz", name);
      t.equal(container?.readinessProbe?.httpGet?.path, path, name);
      const { annotations } = spec?.template.metadata ?? {};
      const isMovable = annotations?.["cluster-autoscaler.kubernetes.io/safe-to-evict"] === "true";
      const volumes = spec?.template.spec?.volumes ?? [];
      t.equal(
        isMovable,
        volumes.some(({ emptyDir }) => emptyDir),
        `${name}'s scratch space does not hold a node`,
      );
      // A service exits within 25 s of SIGTERM.
      t.ok((spec?.template.spec?.terminationGracePeriodSeconds ?? 0) >= 30, `${name} is given the time to close`);
      t.equal(spec?.strategy?.rollingUpdate?.maxUnavailable, 0, name);
      t.equal(spec?.replicas, undefined, `${name}'s replicas are not set back by applying again`);
      t.equal(rendered.one("PodDisruptionBudget", name).spec?.maxUnavailable, 1, name);
    }
    for (const { name, spec } of podsOf(rendered)) {
      t.equal(spec.automountServiceAccountToken, false, `${name} has no token`);
      t.match(spec.securityContext, { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } }, name);
      for (const { securityContext, resources } of spec.containers) {
        t.match(securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true }, name);
        t.same(securityContext?.capabilities?.drop, ["ALL"], name);
        t.ok(resources?.requests?.cpu && resources.requests.memory && resources.limits?.memory, `${name}'s resources`);
      }
    }
  });
}

test("in production everything scales with the load, the gateway with its sockets", async (t) => {
  const rendered = await render("production");
  for (const name of [...serviceNames, "edge"]) {
    const { spec } = rendered.one("HorizontalPodAutoscaler", name);
    t.match(spec?.scaleTargetRef, { apiVersion: "apps/v1", kind: "Deployment", name });
    t.ok((spec?.minReplicas ?? 1) >= 2 && spec!.maxReplicas > spec!.minReplicas!, `${name} has replicas`);
    t.ok(
      spec?.metrics?.some(({ resource }) => resource?.name === "cpu"),
      `${name} grows by CPU`,
    );
  }
  const [byPods] = rendered.one("HorizontalPodAutoscaler", "realtime-gateway").spec?.metrics ?? [];
  t.equal(byPods?.pods?.metric.name, "khui_gateway_sockets");
  t.equal(rendered.of("HorizontalPodAutoscaler").length, serviceNames.length + 1);
});

function namedBy({ kind, name, spec }: Pod): string[] {
  const sources = spec.containers.flatMap(({ envFrom }) => envFrom ?? []);
  return [
    ...(kind === "StatefulSet" ? [`Service ${name}`] : [`ServiceAccount ${spec.serviceAccountName}`]),
    ...sources.flatMap(({ configMapRef }) => (configMapRef ? [`ConfigMap ${configMapRef.name}`] : [])),
    ...sources.flatMap(({ secretRef }) => (secretRef ? [`Secret ${secretRef.name}`] : [])),
    ...mounted(spec),
  ];
}

function mounted({ volumes }: PodSpec): string[] {
  return (volumes ?? []).flatMap(({ configMap, secret, persistentVolumeClaim: claim }) => [
    ...(configMap ? [`ConfigMap ${configMap.name}`] : []),
    ...(secret ? [`Secret ${secret.secretName}`] : []),
    ...(claim ? [`PersistentVolumeClaim ${claim.claimName}`] : []),
  ]);
}

function probesOf({ startupProbe, readinessProbe, livenessProbe }: Container): Probe[] {
  return [startupProbe, readinessProbe, livenessProbe].filter((probe) => probe !== undefined);
}

function portOf(containers: readonly Container[], port: number | string | undefined): number | undefined {
  const ports = containers.flatMap(({ ports = [] }) => ports);
  return ports.find(({ name, containerPort }) => name === port || containerPort === port)?.containerPort;
}

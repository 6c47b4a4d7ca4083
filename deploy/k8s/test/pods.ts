// The pods that the workloads create.
import type { PodSpec } from "kubernetes-types/core/v1.js";
import type { ObjectMeta } from "kubernetes-types/meta/v1.js";
import type { Kinds } from "./kinds.js";
import type { Rendered } from "./rendered.js";

/** A pod as its workload creates it. */
export interface Pod {
  /** The workload's name. */
  readonly name: string;
  readonly kind: "Deployment" | "StatefulSet" | "Job";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

/** One pod of each workload. */
export function podsOf(rendered: Rendered): Pod[] {
  const workloads: ReadonlyArray<Kinds["Deployment"] | Kinds["StatefulSet"] | Kinds["Job"]> = [
    ...rendered.of("Deployment"),
    ...rendered.of("StatefulSet"),
    ...rendered.of("Job"),
  ];
  return workloads.map(({ kind, metadata, spec }) => {
    const template: { metadata?: ObjectMeta; spec?: PodSpec } = spec?.template ?? {};
    if (!kind || !metadata?.name || !template.spec) throw new Error(`${kind} ${metadata?.name} has no pod`);
    const { labels = {}, annotations = {} } = template.metadata ?? {};
    return { name: metadata.name, kind, labels, annotations, spec: template.spec };
  });
}

/** Whether the pod has these labels. An empty selector matches every pod. */
export function fits(pod: Pick<Pod, "labels">, selector: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(selector ?? {}).every(([label, value]) => pod.labels[label] === value);
}

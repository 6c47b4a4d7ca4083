// Which connections the network policies allow, by Kubernetes' definition.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/

import { BlockList, isIPv4 } from "node:net";
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "kubernetes-types/networking/v1.js";
import { fits, type Pod } from "./pods.js";

/** One end of a connection: a pod of ours, somebody in another namespace with these labels, or an address. */
export type End =
  | { readonly pod: Pod }
  | { readonly namespace: Readonly<Record<string, string>> }
  | { readonly ip: string };

export interface Connection {
  readonly from: End;
  readonly to: End;
  readonly port: number;
  readonly protocol?: "TCP" | "UDP";
}

/** Both ends must allow a connection; an end that is not ours, or that no policy selects, allows it. */
export function allows(policies: readonly NetworkPolicy[], connection: Connection): boolean {
  return leaves(policies, connection, "Egress") && leaves(policies, connection, "Ingress");
}

function leaves(policies: readonly NetworkPolicy[], connection: Connection, direction: "Egress" | "Ingress"): boolean {
  const [own, other] = direction === "Egress" ? [connection.from, connection.to] : [connection.to, connection.from];
  if (!("pod" in own)) return true;
  const concerned = policies.filter(
    ({ spec }) => spec?.policyTypes?.includes(direction) && fits(own.pod, spec.podSelector.matchLabels),
  );
  if (concerned.length === 0) return true;
  return concerned.some(({ spec }) => {
    const rules = direction === "Egress" ? spec?.egress?.map(({ to, ports }) => ({ peers: to, ports })) : undefined;
    const taken = spec?.ingress?.map(({ from, ports }) => ({ peers: from, ports }));
    return (rules ?? (direction === "Ingress" ? taken : undefined) ?? []).some(
      ({ peers, ports }) =>
        (peers === undefined || peers.some((peer) => isPeer(peer, other))) &&
        (ports === undefined || ports.some((port) => isPort(port, connection))),
    );
  });
}

function isPeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, end: End): boolean {
  if (ipBlock) return "ip" in end && isWithin(end.ip, ipBlock.cidr);
  if (namespaceSelector) {
    return "namespace" in end && !podSelector && fits({ labels: end.namespace }, namespaceSelector.matchLabels);
  }
  return "pod" in end && fits(end.pod, podSelector?.matchLabels);
}

function isWithin(ip: string, cidr: string): boolean {
  const [network = "", prefix] = cidr.split("/");
  const block = new BlockList();
  block.addSubnet(network, Number(prefix), isIPv4(network) ? "ipv4" : "ipv6");
  return block.check(ip, isIPv4(ip) ? "ipv4" : "ipv6");
}

/** A name refers to a port of the target pod. */
function isPort({ port, protocol = "TCP" }: NetworkPolicyPort, connection: Connection): boolean {
  if (protocol !== (connection.protocol ?? "TCP")) return false;
  if (typeof port !== "string") return port === undefined || port === connection.port;
  const ports = "pod" in connection.to ? connection.to.pod.spec.containers.flatMap(({ ports = [] }) => ports) : [];
  return ports.some(({ name, containerPort }) => name === port && containerPort === connection.port);
}

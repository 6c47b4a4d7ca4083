// The environment of a rendered pod's containers.
import type { Container } from "kubernetes-types/core/v1.js";
import type { Rendered } from "./rendered.js";

/** The variables of a container, including those of its ConfigMaps and Secrets. Throws if one of these is missing. */
export function variablesOf(rendered: Rendered, container: Container): Record<string, string> {
  const variables: Record<string, string> = {};
  const take = (given: Readonly<Record<string, string>> | undefined): void => {
    for (const [name, value] of Object.entries(given ?? {})) {
      if (name in variables) throw new Error(`${container.name} is given ${name} twice`);
      variables[name] = value;
    }
  };
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef?.name) take(named(rendered.of("ConfigMap"), configMapRef.name).data);
    if (secretRef?.name) take(decoded(named(rendered.of("Secret"), secretRef.name).data));
  }
  for (const { name, value } of container.env ?? []) take({ [name]: value ?? "" });
  return variables;
}

function named<Kind extends { metadata?: { name?: string } }>(all: readonly Kind[], name: string): Kind {
  const found = all.find(({ metadata }) => metadata?.name === name);
  if (found === undefined) throw new Error(`${name} is not rendered`);
  return found;
}

function decoded(data: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data ?? {}).map(([name, value]) => [name, Buffer.from(value, "base64").toString()]),
  );
}

// What a service reads from its environment, and what a rendered pod gives it.
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";
import type { Container } from "kubernetes-types/core/v1.js";
import { type TObject, Type } from "typebox";
import * as http from "../../../packages/http/src/environment.js";
import { mediaEnvironment } from "../../../services/media-service/src/environment.js";
import type { Rendered, Service } from "./rendered.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The schema as the entry spells it, read from its source: running the entry would start the service. */
export function environmentOf(service: Service, entry: "main" | "migrate"): TObject {
  const source = readFileSync(join(root, "services", service, "src", `${entry}.ts`), "utf8");
  const spelled = /^const Environment = (Type\.Object\(\{.*?\}\));$/ms.exec(source)?.[1];
  if (spelled === undefined) throw new Error(`${service}/src/${entry}.ts spells no Environment`);
  const scope = { Type, ...http, mediaEnvironment, join, tmpdir };
  return compileFunction(`return ${spelled}`, Object.keys(scope))(...Object.values(scope));
}

/** The variables of a container, those of its ConfigMaps and Secrets among them. Throws when one of these is not there. */
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

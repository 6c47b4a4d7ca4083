// The overlays as kubectl renders them, with secrets as a user would provide them.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ObjectMeta } from "kubernetes-types/meta/v1.js";
import { parseAllDocuments } from "yaml";
import type { Kinds } from "./kinds.js";
import { findKubectl } from "./kubectl.js";

const run = promisify(execFile);
const deploy = fileURLToPath(new URL("../../", import.meta.url));
/** What the overlays are made of. */
const parts = ["k8s", "nats", "postgres", "redis", "s3"];

export const overlays = ["small", "production"] as const;
export type Overlay = (typeof overlays)[number];

/** Any Kubernetes object. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta & { name: string };
}

export interface Rendered {
  readonly all: readonly Manifest[];
  /** All objects of a kind; the schema test checks their shape. */
  of<Kind extends keyof Kinds>(kind: Kind): Kinds[Kind][];
  /** The object with that name, ignoring kustomize's hash suffix. Throws if there is none. */
  one<Kind extends keyof Kinds>(kind: Kind, name: string): Kinds[Kind];
}

/** Replacements for a user's own values in the examples of production. */
const values: Readonly<Record<string, string>> = {
  POSTGRES_URL: "postgres://someone:secret@10.1.0.5:5432/khui?sslmode=verify-full",
  NATS_URL: "tls://someone:secret@10.1.0.6:4222",
  REDIS_URL: "rediss://someone:secret@10.1.0.7:6379",
  S3_ACCESS_KEY: "an-access-key",
  S3_SECRET_KEY: "a-secret-key",
  JWT_PUBLIC_KEY: "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----",
  MEDIA_URL_SECRET: "another secret of more than sixteen",
};

const known = new Map<Overlay, Promise<Rendered>>();

/** The overlay with its secrets, rendered once per process. Rejects with kustomize's message. */
export function render(overlay: Overlay): Promise<Rendered> {
  const found = known.get(overlay) ?? renderWith(overlay, fillSecrets);
  known.set(overlay, found);
  return found;
}

/** Renders an overlay in a copy of its folders, where `fill` provides the secrets. Rejects with kustomize's message. */
export async function renderWith(overlay: Overlay, fill: (folder: string) => Promise<void>): Promise<Rendered> {
  const folder = mkdtempSync(join(tmpdir(), "khui-k8s-"));
  try {
    for (const part of parts) {
      cpSync(join(deploy, part), join(folder, part), { recursive: true, filter: (path) => !path.endsWith(".env") });
    }
    const home = join(folder, "k8s/overlays", overlay);
    await fill(home);
    const kubectl = await findKubectl();
    const { stdout } = await run(kubectl, ["kustomize", home], {
      maxBuffer: 16 * 2 ** 20,
    });
    return rendered(parseAllDocuments(stdout).map((document) => document.toJS() as Manifest));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As README.md describes: with the script if there is one, else from the examples. */
export async function fillSecrets(overlay: string): Promise<void> {
  const folder = join(overlay, "secrets");
  const examples = readdirSync(folder).filter((name) => name.endsWith(".env.example"));
  if (examples.length === 0) await run(join(overlay, "make-secrets.sh"));
  for (const name of examples) {
    const text = readFileSync(join(folder, name), "utf8").replace(/^([A-Z0-9_]+)=$/gm, (_line, key: string) => {
      const value = values[key];
      if (value === undefined) throw new Error(`${name}: no value for ${key}`);
      return `${key}=${value}`;
    });
    writeFileSync(join(folder, name.replace(".example", "")), text);
  }
}

function rendered(all: readonly Manifest[]): Rendered {
  const of = <Kind extends keyof Kinds>(kind: Kind) =>
    all.filter((manifest) => manifest.kind === kind) as unknown as Kinds[Kind][];
  return {
    all,
    of,
    one(kind, name) {
      const found = of(kind).find(({ metadata }) => metadata?.name?.replace(/-[a-z0-9]{10}$/, "") === name);
      if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
      return found;
    },
  };
}

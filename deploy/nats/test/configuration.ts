// Reads from nats.conf what each user may publish and subscribe to.
import { readFileSync } from "node:fs";

export interface Rights {
  readonly publish: readonly string[];
  /** A queue group after a space: only in that group. */
  readonly subscribe: readonly string[];
}

/** Permissions by user. Throws for a block that it cannot parse completely, so that no permission goes unread. */
export function configuredRights(): Map<string, Rights> {
  const text = readFileSync(new URL("../nats.conf", import.meta.url), "utf8").replaceAll(/^ *#.*\n/gm, "");
  const list = String.raw`\[([^\]]*)\]`;
  const block = new RegExp(
    String.raw`\{\s*user: "(\S+)"\s*password: \$NATS_[A-Z_]+\s*permissions: \{\s*publish: ${list}\s*subscribe: ${list}\s*\}\s*\}`,
    "g",
  );
  const users = [...text.matchAll(block)];
  const rest = text.replaceAll(block, "").replaceAll(/\s+/g, " ").trim();
  if (rest !== "authorization { timeout: 5 users: [ ] }") throw new Error(`not understood in nats.conf: ${rest}`);
  const words = (part = ""): string[] => [...part.matchAll(/"([^"]+)"/g)].map(([, word = ""]) => word);
  return new Map(
    users.map(([, user = "", publish, subscribe]) => [user, { publish: words(publish), subscribe: words(subscribe) }]),
  );
}

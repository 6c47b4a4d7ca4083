// How many connections to Postgres each service's role may have.
import { readFileSync } from "node:fs";

/** By service: the defaults of deploy/postgres/roles.sql. */
export function connectionLimits(): Record<string, number> {
  const script = readFileSync(new URL("../../../../deploy/postgres/roles.sql", import.meta.url), "utf8");
  const limits = [...script.matchAll(/^\\set (\w+)_connections (\d+)$/gm)];
  return Object.fromEntries(limits.map(([, role = "", limit]) => [role.replaceAll("_", "-"), Number(limit)]));
}

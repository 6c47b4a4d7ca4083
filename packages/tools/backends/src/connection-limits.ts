// How many connections to Postgres each service's role may have.
import { readFileSync } from "node:fs";

/** By service, as deploy/postgres/roles.sql sets them unless it is told otherwise. */
export function connectionLimits(): Record<string, number> {
  const script = readFileSync(new URL("../../../../deploy/postgres/roles.sql", import.meta.url), "utf8");
  const limits = [...script.matchAll(/^\\set (\w+)_connections (\d+)$/gm)];
  return Object.fromEntries(limits.map(([, role = "", limit]) => [role.replaceAll("_", "-"), Number(limit)]));
}

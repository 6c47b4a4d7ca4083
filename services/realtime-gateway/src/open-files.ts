// How many files this process may have open, and so how many sockets it can hold: each takes one.
import { readFileSync } from "node:fs";

/** For everything but clients' sockets: the runtime's own files, connections to servers, probes and scrapes. */
const reserved = 100;

/** What this process may have open. Undefined where there is no limit, or the system does not tell: only Linux does. */
export function openFiles(limits: string | undefined = ownLimits()): { max: number; sockets: number } | undefined {
  const soft = /^Max open files +(\d+)/m.exec(limits ?? "")?.[1];
  return soft === undefined ? undefined : { max: Number(soft), sockets: Math.max(0, Number(soft) - reserved) };
}

function ownLimits(): string | undefined {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return undefined;
  }
}

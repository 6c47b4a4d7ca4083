// Bounds what a child process may take, by the kernel: it holds whatever code the child runs and whatever state it is in.
import { existsSync, readFileSync } from "node:fs";

const kibibyte = 1024;

/** Soft and hard limits of a process. What a system does not know (macOS has no limit on memory) is left out there. */
export interface ResourceLimits {
  /** RLIMIT_AS: bytes of address space, libraries and reservations included. */
  readonly addressSpaceBytes?: number;
  /** RLIMIT_DATA: bytes that it may write to. For programs that reserve far more address space than they use, as V8 does. */
  readonly dataBytes?: number;
  /** RLIMIT_CPU: seconds of CPU, after which it is ended. */
  readonly cpuSeconds?: number;
}

/**
 * What this process's V8 keeps for compiled code and may write to, in bytes; 0 where the system does not tell. In Node 24 that is
 * all of a range of 512 MB from the start, which RLIMIT_DATA counts though next to nothing of it is used.
 */
export function codeRangeBytes(): number {
  if (!existsSync("/proc/self/maps")) return 0;
  const maps = readFileSync("/proc/self/maps", "utf8").matchAll(/^(\w+)-(\w+) rwxp /gm);
  return [...maps].reduce(
    (sum, [, from = "", to = ""]) => sum + Number.parseInt(to, 16) - Number.parseInt(from, 16),
    0,
  );
}

/**
 * The program and arguments to spawn in place of `program` and `args` (setrlimit(2) by the shell's `ulimit`). The shell becomes the
 * program, so that its pid is the program's. A program that is not there ends with code 127. Never dumps core.
 */
export function withResourceLimits(
  program: string,
  args: readonly string[],
  limits: ResourceLimits,
): readonly [program: string, args: string[]] {
  if (process.platform === "win32") return [program, [...args]];
  const { addressSpaceBytes, dataBytes, cpuSeconds } = limits;
  const options: ReadonlyArray<readonly [option: string, value: number | undefined]> = [
    ["-c", 0],
    ["-v", addressSpaceBytes && Math.floor(addressSpaceBytes / kibibyte)],
    ["-d", dataBytes && Math.floor(dataBytes / kibibyte)],
    ["-t", cpuSeconds],
  ];
  const given = options.filter(([, value]) => value !== undefined);
  const script = [...given.map(([option, value]) => `ulimit ${option} ${value} 2>/dev/null`), 'exec "$0" "$@"'];
  return ["/bin/sh", ["-c", script.join("; "), program, ...args]];
}

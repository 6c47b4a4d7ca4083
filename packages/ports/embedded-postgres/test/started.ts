// Embedded servers of a test: on a folder of their own, ended with it, with what they said.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "@khui/database";
import { openPostgres } from "@khui/database/postgres";
import type { Test } from "tap";
import { type EmbeddedPostgresOptions, startEmbeddedPostgres } from "../src/index.js";

/** A path in a folder that goes with the test; nothing is there yet. */
export function freshFolder(t: Test): string {
  const parent = mkdtempSync(join(tmpdir(), "embedded-"));
  t.teardown(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, "postgres");
}

/** Without `folder`, on a temporary one. */
export async function started(t: Test, options: Partial<EmbeddedPostgresOptions> = {}) {
  const told: string[] = [];
  const tell = (level: string) => (message: string) => void told.push(`${level}: ${message}`);
  const log = { debug: tell("debug"), warn: tell("warn"), error: tell("error") };
  const onLost = (error: Error): void => {
    throw error;
  };
  const server = await startEmbeddedPostgres({ log, onLost, ...options });
  t.teardown(() => server.stop());
  const database: Database = openPostgres({ url: server.url });
  t.teardown(() => database.close());
  return { server, database, db: database.kysely(), told };
}

/** Whether a process of that id runs; one that has ended and that nobody has asked about yet does not. */
export function runs(id: number): boolean {
  const status = `/proc/${id}/status`;
  if (existsSync("/proc/self/status")) return existsSync(status) && !/^State:\tZ/m.test(readFileSync(status, "utf8"));
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}

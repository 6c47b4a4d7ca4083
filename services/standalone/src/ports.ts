// The ports of the one-process form: a database server of its own and a folder, everything else in memory.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Blobs } from "@khui/blobs";
import { openFolderBlobs } from "@khui/blobs/folder";
import type { Bus } from "@khui/bus";
import { createLocalBus } from "@khui/bus/local";
import { openPostgres } from "@khui/database/postgres";
import { startEmbeddedPostgres } from "@khui/embedded-postgres";
import { createLocalLimits } from "@khui/limits/local";
import { createLocalPresence } from "@khui/presence/local";
import { instrumentPorts, type Ports } from "@khui/service";
import type { Closers, Logger } from "@khui/service/process";
import { observeStatements, type Telemetry } from "@khui/service/telemetry";

export interface EmbeddedPortsOptions {
  /** Where data is stored; when absent, in a temporary folder that is removed with the process. */
  readonly dataDir?: string;
  /** The database of a running server; when absent, a server is started with this process. */
  readonly postgresUrl?: string;
  /** Where files are stored, when not in `dataDir`; closed by the caller. */
  readonly blobs?: Blobs;
  /** Wraps the bus for the services: tests drop messages here. */
  readonly wrapBus?: (bus: Bus) => Bus;
}

export interface EmbeddedPorts {
  readonly ports: Partial<Ports>;
  /** `dataDir`, or the temporary folder. */
  readonly folder: string;
}

/** Opens every port; `closers` closes them, newest first. */
export async function openEmbeddedPorts(
  options: EmbeddedPortsOptions & { readonly poolSize: number },
  telemetry: Telemetry,
  closers: Closers,
): Promise<EmbeddedPorts> {
  const folder = options.dataDir ?? (await temporaryFolder(closers));
  const database = openPostgres({
    url: options.postgresUrl ?? (await startPostgres(options.dataDir, telemetry.log, closers)),
    poolSize: options.poolSize,
    applicationName: "khui",
    onError: (error) => telemetry.log.warn({ err: error }, "connection"),
    onStatement: observeStatements(telemetry),
  });
  closers.add("database", () => database.close());
  const localBus = createLocalBus({ onError: (error) => telemetry.log.warn({ err: error }, "bus") }).connect();
  closers.add("bus", () => localBus.close());
  const presence = createLocalPresence();
  closers.add("presence", () => presence.close());
  const limits = createLocalLimits();
  closers.add("limits", () => limits.close());
  const blobs = options.blobs ?? (await openFolder(join(folder, "files"), closers));
  const bus = options.wrapBus?.(localBus) ?? localBus;
  return { ports: instrumentPorts({ database, bus, presence, limits, blobs }, telemetry), folder };
}

async function temporaryFolder(closers: Closers): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "khui-"));
  closers.add("folder", () => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Returns its address. Without it nothing works any more, so that the process ends as by any other error nobody can handle. */
async function startPostgres(dataDir: string | undefined, log: Logger, closers: Closers): Promise<string> {
  const onLost = (error: Error): void => {
    throw error;
  };
  const folder = dataDir === undefined ? {} : { folder: join(dataDir, "postgres") };
  const server = await startEmbeddedPostgres({ ...folder, log, onLost });
  closers.add("postgres", () => server.stop());
  return server.url;
}

async function openFolder(folder: string, closers: Closers): Promise<Blobs> {
  const blobs = await openFolderBlobs({ folder });
  closers.add("blobs", () => blobs.close());
  return blobs;
}

// media-service: uploads, what is known of them, and their delivery. The table of contents of the service.
import type { Blobs } from "@khui/blobs";
import type { Bus } from "@khui/bus";
import { mediaRpc } from "@khui/contracts";
import type { Database } from "@khui/database";
import { createDirectory } from "@khui/directory";
import type { MediaLinks } from "@khui/media-links";
import { createRpcServer } from "@khui/service";
import type { Guard } from "@khui/service/http";
import { type Telemetry, unobserved } from "@khui/service/telemetry";
import type { FastifyPluginAsync } from "fastify";
import type { Logger } from "pino";
import { createFiles, type SweepTimes } from "./files.js";
import { createInspection } from "./inspection.js";
import { defaultLimits, type MediaLimits } from "./limits.js";
import { watchDisk } from "./meters.js";
import { createParsers } from "./parsers.js";
import { mountFiles } from "./routes/files.js";
import { mountUpload } from "./routes/upload.js";
import { openScratch } from "./scratch.js";
import { createUploads } from "./uploads.js";
import { findVideoFrame } from "./video-frame.js";

export { mediaEnvironment, mediaLimits } from "./environment.js";
export type { MediaLimits } from "./limits.js";

export interface MediaDeps {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly bus: Bus;
  readonly guard: Guard;
  readonly log: Logger;
  readonly telemetry?: Telemetry;
  /** Checks the addresses that messages-api has signed with the same secret. */
  readonly links: MediaLinks;
  /** A folder for files on their way in; may be shared by processes. */
  readonly scratchDir: string;
  readonly limits?: MediaLimits;
  /** The program that takes pictures out of videos; where it cannot be run, videos have none. */
  readonly ffmpeg?: string;
  readonly sweep?: SweepTimes;
}

/** The Postgres schema that is this service's own. */
export const schema = "media";
export const migrations = new URL("../migrations/", import.meta.url);

/** Migrates its schema, mounts the routes and serves the RPC; undone in reverse when the app closes. */
export function mediaService(deps: MediaDeps): FastifyPluginAsync {
  return async (app) => {
    const { database, blobs, bus, log, links, limits = defaultLimits } = deps;
    const { metrics } = deps.telemetry ?? unobserved(log);
    await database.migrate(schema, migrations);
    const directory = createDirectory(bus, { onError: (error) => log.warn({ err: error }, "directory") });
    const guard = { ...deps.guard, onIdentity: directory.learn };
    const files = createFiles(database.kysely(), blobs, bus, log, deps.sweep);
    const parsers = createParsers();
    const videoFrame = await findVideoFrame(deps.ffmpeg ?? "ffmpeg", limits.pixels);
    const inspection = createInspection(parsers, videoFrame, limits);
    const scratch = await openScratch(deps.scratchDir);
    await mountUpload(app, guard, createUploads({ bus, files, inspection, scratch, limits, metrics }));
    const stopWatching = await watchDisk(metrics, deps.scratchDir);
    mountFiles(app, guard, blobs, links);
    const rpc = createRpcServer(bus, "media-service", log);
    rpc.serve(mediaRpc.remove, async ({ fileIds }) => {
      await files.remove(fileIds);
      return {};
    });
    app.addHook("onClose", async () => {
      rpc.close();
      stopWatching();
      await files.close();
      parsers.close();
    });
  };
}

// sticker-service: sets, collections, and sending stickers. The table of contents of the service.
import type { Blobs } from "@khui/blobs";
import type { Bus } from "@khui/bus";
import type { Database } from "@khui/database";
import { createDirectory } from "@khui/directory";
import { type Guard, mounter } from "@khui/service/http";
import { type Telemetry, unobserved } from "@khui/service/telemetry";
import type { FastifyPluginAsync } from "fastify";
import type { Logger } from "pino";
import { createPictureReader } from "./pictures/picture-reader.js";
import { createPublisher } from "./publishing/publisher.js";
import { publishStarters } from "./publishing/starter-sets.js";
import { assetUrlsAt } from "./render.js";
import { mountAssets } from "./routes/assets.js";
import { mountPublishing, mountRetiring } from "./routes/publishing.js";
import { mountSending } from "./routes/sending.js";
import { mountSets } from "./routes/sets.js";
import { createSending } from "./sending/sending.js";
import type { Db } from "./store/tables.js";

export interface StickerDeps {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly bus: Bus;
  readonly guard: Guard;
  readonly log: Logger;
  readonly telemetry?: Telemetry;
  /** The origin of the edge for clients, without a trailing slash; empty for relative URLs. */
  readonly publicUrl: () => string;
  /** A folder of starter sets, each in a folder of its own. */
  readonly starterFolder?: URL | string;
}

/** The Postgres schema that is this service's own. */
export const schema = "stickers";
export const migrations = new URL("../migrations/", import.meta.url);
/** The sets that come with the service; at the same place from src and from dist. */
export const starterSets = new URL("../starter/", import.meta.url);

/** Migrates its schema, publishes the starter sets and mounts the routes. */
export function stickerService(deps: StickerDeps): FastifyPluginAsync {
  return async (app) => {
    const { database, blobs, bus, log, telemetry = unobserved(log) } = deps;
    await database.migrate(schema, migrations);
    const db: Db = database.kysely();
    const publisher = createPublisher(db, blobs);
    await publishStarters(db, publisher, deps.starterFolder ?? starterSets);
    const directory = createDirectory(bus, { onError: (error) => log.warn({ err: error }, "directory") });
    const guard = { ...deps.guard, onIdentity: directory.learn };
    const assetUrl = assetUrlsAt(deps.publicUrl);
    const mount = mounter(app, guard);
    mountSets(mount, db, assetUrl);
    mountSending(mount, createSending(db, bus, telemetry.metrics));
    mountRetiring(mount, db, assetUrl);
    const pictures = createPictureReader();
    app.addHook("onClose", async () => pictures.close());
    await mountPublishing(app, guard, db, publisher, assetUrl, pictures);
    mountAssets(app, guard, blobs);
  };
}

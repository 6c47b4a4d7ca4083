// sticker-service: sets, collections, and sending stickers. The table of contents of the service.
import type { Db } from "@khui/database";
import { defineService } from "@khui/service";
import { linkEnvironment } from "@khui/service/http";
import { Type } from "typebox";
import { createPictureReader } from "./pictures/picture-reader.js";
import { createPublisher } from "./publishing/publisher.js";
import { publishStarters } from "./publishing/starter-sets.js";
import { assetUrlsAt } from "./render.js";
import { mountAssets } from "./routes/assets.js";
import { mountPublishing, mountRetiring } from "./routes/publishing.js";
import { mountSending } from "./routes/sending.js";
import { mountSets } from "./routes/sets.js";
import { createSending } from "./sending/sending.js";

export const schema = { name: "stickers", migrations: new URL("../migrations/", import.meta.url) };
/** The sets that come with the service; at the same place from src and from dist. */
export const starterSets = new URL("../starter/", import.meta.url);

export const stickerService = defineService({
  name: "sticker-service",
  needs: { database: "required", bus: "required", blobs: "degraded", limits: "degraded" },
  environment: {
    PUBLIC_URL: linkEnvironment.PUBLIC_URL,
    POSTGRES_POOL: Type.Integer({ minimum: 1, maximum: 100, default: 4 }),
  },
  schema,
  /** `starterFolder` has a folder for each set that is published at the start. */
  async start(context, starterFolder: URL | string = starterSets) {
    const { app, database, blobs, bus, telemetry, guard, mount, publicUrl, onClose } = context;
    const db: Db = database.kysely();
    const publisher = createPublisher(db, blobs);
    await publishStarters(db, publisher, starterFolder);
    const assetUrl = assetUrlsAt(publicUrl);
    mountSets(mount, db, assetUrl);
    mountSending(mount, createSending(db, bus, telemetry.metrics));
    mountRetiring(mount, db, assetUrl);
    const pictures = createPictureReader();
    onClose("pictures", () => pictures.close());
    await mountPublishing(app, guard, db, publisher, assetUrl, pictures);
    mountAssets(app, guard, blobs);
  },
});

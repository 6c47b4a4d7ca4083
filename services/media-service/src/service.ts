// media-service: uploads, what is known of them, and their delivery. The table of contents of the service.
import { mediaRpc } from "@khui/contracts";
import { createMediaLinks } from "@khui/media-links";
import { defineService } from "@khui/service";
import { linkEnvironment, linkOptions } from "@khui/service/http";
import { mediaEnvironment, mediaLimits } from "./environment.js";
import { createInspection } from "./inspection/inspection.js";
import { createParsers } from "./inspection/parsers.js";
import { findVideoFrame } from "./inspection/video-frame.js";
import type { MediaLimits } from "./limits.js";
import { monitorDisk } from "./metrics.js";
import { mountAvatars } from "./routes/avatars.js";
import { mountDelivery } from "./routes/delivery.js";
import { mountUpload } from "./routes/upload.js";
import { createFiles } from "./store/files.js";
import { createAvatars } from "./uploads/avatars.js";
import { createReceiver } from "./uploads/receiver.js";
import { openScratch } from "./uploads/scratch.js";
import { createUploads } from "./uploads/uploads.js";

export const schema = { name: "media", migrations: new URL("../migrations/", import.meta.url) };

export const mediaService = defineService({
  name: "media-service",
  needs: { database: "required", bus: "required", blobs: "degraded", limits: "degraded" },
  // It verifies the links that messages-api has signed with the same secret.
  environment: { ...mediaEnvironment, ...linkEnvironment },
  schema,
  async start(context, overrides: Partial<MediaLimits> = {}) {
    const { app, database, bus, blobs, env, log, telemetry, guard, rpc, publicUrl, onClose } = context;
    const { metrics } = telemetry;
    const limits = { ...mediaLimits(env), ...overrides };
    const parsers = createParsers();
    onClose("parsers", () => parsers.close());
    const files = createFiles(database.kysely(), blobs, bus, log);
    onClose("files", () => files.close());
    const inspection = createInspection(parsers, await findVideoFrame("ffmpeg", limits.pixels), limits);
    const scratch = await openScratch(env.SCRATCH_DIR);
    const links = createMediaLinks(linkOptions(env, publicUrl));
    const receive = createReceiver(limits, metrics);
    await mountUpload(app, guard, receive, createUploads({ bus, files, inspection, scratch, limits }));
    const avatars = { blobs, inspection, scratch, limits, counters: context.limits, addressOf: links.unsigned };
    mountAvatars(app, guard, blobs, receive, createAvatars(avatars));
    onClose("disk metrics", await monitorDisk(metrics, env.SCRATCH_DIR));
    mountDelivery(app, guard, blobs, links);
    rpc.background.serve(mediaRpc.remove, async ({ fileIds }) => {
      await files.remove(fileIds);
      return {};
    });
  },
});

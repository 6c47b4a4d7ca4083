// Publishing, updating and retiring sets over REST, for the host application's back end.
import multipart from "@fastify/multipart";
import { type Notice, routes } from "@khui/contracts";
import type { Db } from "@khui/database";
import { authenticate, callOf, type Guard, type mounter } from "@khui/service/http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import pLimit from "p-limit";
import type { PictureReader } from "../pictures/picture-reader.js";
import { readArchive } from "../publishing/archive-form.js";
import { checkSet, withoutFolder } from "../publishing/checks.js";
import type { Publisher } from "../publishing/publisher.js";
import { unzip } from "../publishing/zip.js";
import { type AssetUrl, renderManifest, renderSet } from "../render.js";
import { knownSet, stickersOf } from "../store/catalogue.js";
import { retireSet } from "../store/publishing.js";

/** Each holds its archive and the unpacked files in memory: 80 MB at most. */
const maxConcurrentArchives = 4;

const notices = {
  published: "sticker_set_published",
  updated: "sticker_set_updated",
  unchanged: "sticker_set_unchanged",
} as const satisfies Record<string, Notice>;

/** Mounts the routes that take an archive, in a scope of their own: no other route takes forms. */
export function mountPublishing(
  app: FastifyInstance,
  guard: Guard,
  db: Db,
  publisher: Publisher,
  assetUrl: AssetUrl,
  pictures: PictureReader,
) {
  const limitArchives = pLimit(maxConcurrentArchives);

  async function publish(request: FastifyRequest, reply: FastifyReply, ownKey?: string) {
    const files = withoutFolder(await unzip(await readArchive(request)));
    const set = await checkSet(files, { ownKey, read: pictures.read });
    const { setId, result } = await publisher.publish(set);
    const { identity, localize } = callOf<typeof routes.publishStickerSet>(request, reply);
    const row = await knownSet(db, identity.userId, setId);
    reply.code(result === "published" ? 201 : 200);
    const data = renderManifest(row, await stickersOf(db, [setId]), assetUrl);
    return { success: true, message: localize(notices[result]), data };
  }

  const onRequest = async (request: FastifyRequest) => void (await authenticate(guard, request, true));
  return app.register(async (scope) => {
    await scope.register(multipart);
    const { publishStickerSet, updateStickerSet } = routes;
    scope.route({
      method: publishStickerSet.method,
      url: publishStickerSet.url,
      onRequest,
      handler: (request, reply) => limitArchives(() => publish(request, reply)),
    });
    scope.route({
      method: updateStickerSet.method,
      url: updateStickerSet.url,
      schema: { params: updateStickerSet.params },
      onRequest,
      handler: async (request, reply) => {
        const { params, identity } = callOf<typeof updateStickerSet>(request, reply);
        const { key } = await knownSet(db, identity.userId, params.setId);
        return limitArchives(() => publish(request, reply, key));
      },
    });
  });
}

export function mountRetiring(mount: ReturnType<typeof mounter>, db: Db, assetUrl: AssetUrl): void {
  mount(routes.retireStickerSet, async ({ params, identity, localize }) => {
    await retireSet(db, params.setId);
    const data = renderSet(await knownSet(db, identity.userId, params.setId), assetUrl);
    return { message: localize("sticker_set_retired"), data };
  });
}

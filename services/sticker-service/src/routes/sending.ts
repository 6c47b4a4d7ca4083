// POST …/messages/sticker.
import { routes } from "@khui/contracts";
import type { mounter } from "@khui/service/http";
import type { createSending } from "../sending/sending.js";

export function mountSending(mount: ReturnType<typeof mounter>, send: ReturnType<typeof createSending>): void {
  mount(routes.sendSticker, async ({ params, body, identity, idempotencyKey, localize }) => {
    const sender = { userId: identity.userId, roomId: params.chatRoomId, clientMessageId: idempotencyKey };
    return { message: localize("sticker_sent"), data: await send(sender, body) };
  });
}

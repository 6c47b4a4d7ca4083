// Rooms over REST.
import { routes } from "@khui/contracts";
import { type mounter, pagination } from "@khui/service/http";
import type { Quotas } from "../quotas.js";
import type { Rooms } from "../rooms.js";

/** Mounts the routes of rooms and their participants. */
export function mountRooms(mount: ReturnType<typeof mounter>, rooms: Rooms, quotas: Quotas): void {
  mount(routes.createRoom, async ({ body, identity, idempotencyKey, localize, status }) => {
    const checkQuota = (others: number) => quotas.create(identity, others);
    const { room, created } = await rooms.create(identity.userId, body, idempotencyKey, checkQuota);
    if (!created) status(200);
    return { message: localize(created ? "room_created" : "room_exists"), chatRoom: room };
  });

  mount(routes.listRooms, async ({ query: { page, limit }, identity }) => {
    const { rooms: chatRooms, total } = await rooms.list(identity.userId, page, limit);
    return { chatRooms, pagination: pagination(page, limit, total) };
  });

  mount(routes.getRoom, async ({ params, identity }) => ({
    chatRoom: await rooms.get(identity.userId, params.chatRoomId),
  }));

  mount(routes.listParticipants, async ({ params, query: { page, limit }, identity }) => {
    const { participants, total } = await rooms.participants(identity.userId, params.chatRoomId, page, limit);
    return { participants, pagination: pagination(page, limit, total) };
  });

  mount(routes.joinRoom, async ({ params, identity, localize }) => {
    await quotas.join(identity);
    return { message: localize("room_joined"), chatRoom: await rooms.join(identity.userId, params.chatRoomId) };
  });

  mount(routes.leaveRoom, async ({ params, identity, localize }) => {
    await rooms.leave(identity.userId, params.chatRoomId);
    return { message: localize("room_left") };
  });

  mount(routes.createInvitation, async ({ params, body, identity, localize }) => ({
    message: localize("invitation_created"),
    invitation: await rooms.invite(identity.userId, params.chatRoomId, body ?? {}),
  }));

  mount(routes.listInvitations, async ({ params, identity }) => ({
    invitations: await rooms.invitations(identity.userId, params.chatRoomId),
  }));

  mount(routes.revokeInvitation, async ({ params, identity, localize }) => {
    await rooms.revoke(identity.userId, params.chatRoomId, params.code);
    return { message: localize("invitation_revoked") };
  });

  mount(routes.getInvitation, async ({ params }) => ({ invitation: await rooms.preview(params.code) }));

  mount(routes.joinByInvitation, async ({ params, identity, localize }) => {
    await quotas.join(identity);
    return { message: localize("room_joined"), chatRoom: await rooms.joinInvited(identity.userId, params.code) };
  });

  mount(routes.updateSettings, async ({ params, body, identity, localize }) => ({
    message: localize("settings_updated"),
    chatRoom: await rooms.update(identity.userId, params.chatRoomId, body),
  }));
}

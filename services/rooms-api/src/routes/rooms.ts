// Rooms over REST.
import { routes } from "@khui/contracts";
import { type mounter, pagination } from "@khui/service/http";
import type { Invitations } from "../invitations.js";
import type { Participants } from "../participants.js";
import type { Quotas } from "../quotas.js";
import type { Rooms } from "../rooms.js";

/** Mounts the routes of rooms, and of going in and out. */
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

  mount(routes.updateSettings, async ({ params, body, identity, localize }) => ({
    message: localize("settings_updated"),
    chatRoom: await rooms.update(identity.userId, params.chatRoomId, body),
  }));
}

/** Mounts what admins do with the people of a group. */
export function mountParticipants(mount: ReturnType<typeof mounter>, participants: Participants, quotas: Quotas): void {
  mount(routes.addParticipants, async ({ params, body, identity, localize }) => {
    await quotas.add(identity, body.userIds.length);
    const result = await participants.add(identity, params.chatRoomId, body);
    return { message: localize("participants_added"), ...result };
  });

  mount(routes.removeParticipant, async ({ params, identity, localize }) => {
    await participants.remove(identity, params.chatRoomId, params.userId);
    return { message: localize("participant_removed") };
  });

  mount(routes.updateParticipant, async ({ params, body, identity, localize }) => {
    await participants.setRole(identity, params.chatRoomId, params.userId, body.role);
    return { message: localize("participant_updated") };
  });
}

/** Mounts invitations. */
export function mountInvitations(mount: ReturnType<typeof mounter>, invitations: Invitations, quotas: Quotas): void {
  mount(routes.createInvitation, async ({ params, body, identity, localize }) => ({
    message: localize("invitation_created"),
    invitation: await invitations.create(identity, params.chatRoomId, body ?? {}),
  }));

  mount(routes.listInvitations, async ({ params, identity }) => ({
    invitations: await invitations.list(identity, params.chatRoomId),
  }));

  mount(routes.revokeInvitation, async ({ params, identity, localize }) => {
    await invitations.revoke(identity, params.chatRoomId, params.code);
    return { message: localize("invitation_revoked") };
  });

  mount(routes.getInvitation, async ({ params }) => ({ invitation: await invitations.preview(params.code) }));

  mount(routes.joinByInvitation, async ({ params, identity, localize }) => {
    await quotas.join(identity);
    return { message: localize("room_joined"), chatRoom: await invitations.join(identity.userId, params.code) };
  });
}

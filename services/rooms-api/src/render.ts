// A room as clients see it: our description and messages-api's activity in one.
import type { ChatRoom, Invitation, InvitedRoom, Participant, RoomActivity, User } from "@khui/contracts";
import type { InvitationRow, RoomRow } from "./store/tables.js";

export function renderRoom(room: RoomRow, activity: RoomActivity, users: ReadonlyMap<string, User>): ChatRoom {
  return {
    _id: room.id,
    name: room.name,
    type: room.type,
    description: room.description,
    avatar: room.avatar,
    activityId: room.activity_id,
    status: room.status,
    createdBy: room.created_by,
    createdAt: room.created_at.toISOString(),
    updatedAt: room.updated_at.toISOString(),
    settings: room.settings,
    participants: renderParticipants(activity.participants, users),
    participantCount: activity.participantCount,
    lastMessage: activity.lastMessage,
    lastMessageTime: activity.lastMessageTime,
    messageCount: activity.messageCount,
    unreadCount: activity.unreadCount,
    seq: activity.seq,
    epoch: activity.epoch ?? null,
  };
}

export function renderInvitation(invitation: InvitationRow): Invitation {
  return {
    code: invitation.code,
    chatRoomId: invitation.room_id,
    createdBy: invitation.created_by,
    createdAt: invitation.created_at.toISOString(),
    expiresAt: invitation.expires_at.toISOString(),
    maxUses: invitation.max_uses,
    uses: invitation.uses,
  };
}

export function renderInvitedRoom(room: RoomRow, { code, expires_at }: InvitationRow): InvitedRoom {
  const { id: _id, name, description, avatar, participant_count: participantCount } = room;
  return { code, expiresAt: expires_at.toISOString(), chatRoom: { _id, name, description, avatar, participantCount } };
}

export function renderParticipants(
  participants: RoomActivity["participants"],
  users: ReadonlyMap<string, User>,
): Participant[] {
  return participants.map((participant) => ({
    userId: participant.userId,
    name: users.get(participant.userId)?.name ?? null,
    avatar: users.get(participant.userId)?.avatar ?? null,
    role: participant.role,
    isActive: true,
    joinedAt: participant.joinedAt,
    lastReadMessage: participant.lastReadMessage,
    lastReadTimestamp: participant.lastReadTimestamp,
  }));
}

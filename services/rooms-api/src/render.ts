// A room as clients see it: our description and messages-api's activity in one.
import type { ChatRoom, Participant, RoomActivity, User } from "@khui/contracts";
import type { RoomRow } from "./store/tables.js";

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
  };
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

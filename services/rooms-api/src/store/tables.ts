// The rows of this service's schema.
import type { Role, RoomSettings, RoomType } from "@khui/contracts";

export interface RoomRow {
  id: string;
  type: RoomType;
  name: string | null;
  description: string | null;
  avatar: string | null;
  activity_id: string | null;
  status: "active" | "inactive" | "archived";
  settings: RoomSettings;
  created_by: string;
  created_at: Date;
  updated_at: Date;
  change_no: number;
  /** Active ones. */
  participant_count: number;
}

export interface InvitationRow {
  code: string;
  room_id: string;
  created_by: string;
  created_at: Date;
  expires_at: Date;
  max_uses: number | null;
  uses: number;
  expired: boolean;
}

export interface ParticipantRow {
  user_id: string;
  role: Role;
  is_active: boolean;
  joined_at: Date;
}

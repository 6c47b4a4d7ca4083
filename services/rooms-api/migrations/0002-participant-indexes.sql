-- Indexes to a room's admins, its longest-standing member, and the change that waits longest.
CREATE INDEX IF NOT EXISTS participants_by_standing ON rooms.participants (room_id, joined_at, user_id) WHERE is_active;
CREATE INDEX IF NOT EXISTS participants_admins ON rooms.participants (room_id, user_id) WHERE is_active AND role = 'admin';
CREATE INDEX IF NOT EXISTS outbox_by_age ON rooms.outbox (created_at);

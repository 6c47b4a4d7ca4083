-- A room knows how many are in it; indexes lead to its admins, its longest-standing member, and the change that waits longest.

ALTER TABLE rooms.rooms ADD COLUMN participant_count integer NOT NULL DEFAULT 0;   -- active ones; kept by the triggers below

CREATE INDEX IF NOT EXISTS participants_by_standing ON rooms.participants (room_id, joined_at, user_id) WHERE is_active;
CREATE INDEX IF NOT EXISTS participants_admins ON rooms.participants (room_id, user_id) WHERE is_active AND role = 'admin';
CREATE INDEX IF NOT EXISTS outbox_by_age ON rooms.outbox (created_at);

-- Triggers, since replicas of the release before know of no count, and write participants until the last one is replaced.

CREATE FUNCTION rooms.count_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  room record;
BEGIN
  -- One room at a time by its key: a join might be planned to read all rooms.
  FOR room IN SELECT room_id AS id, count(*) AS people FROM added WHERE is_active GROUP BY room_id LOOP
    UPDATE rooms.rooms SET participant_count = participant_count + room.people WHERE id = room.id;
  END LOOP;
  RETURN NULL;
END $$;

CREATE FUNCTION rooms.count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE rooms.rooms SET participant_count = participant_count + CASE WHEN NEW.is_active THEN 1 ELSE -1 END
  WHERE id = NEW.room_id;
  RETURN NULL;
END $$;

CREATE TRIGGER participants_added AFTER INSERT ON rooms.participants
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION rooms.count_added();
CREATE TRIGGER participants_changed AFTER UPDATE ON rooms.participants
  FOR EACH ROW WHEN (OLD.is_active <> NEW.is_active) EXECUTE FUNCTION rooms.count_changed();

UPDATE rooms.rooms SET participant_count = counted.people
FROM (SELECT room_id, count(*) AS people FROM rooms.participants WHERE is_active GROUP BY room_id) AS counted
WHERE counted.room_id = rooms.id;

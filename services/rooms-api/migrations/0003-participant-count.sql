-- A room knows how many are in it. What is there already is counted by the next file, without this one's lock on the table.

ALTER TABLE rooms.rooms ADD COLUMN participant_count integer NOT NULL DEFAULT 0;   -- active ones

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

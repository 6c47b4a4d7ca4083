-- Who may come into a room, and invitations. Groups that are there already stay open; a private room admits nobody.

-- A trigger, since replicas of the release before write settings without it until the last one is replaced.
CREATE FUNCTION rooms.complete_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.settings := jsonb_build_object('joinPolicy', CASE NEW.type WHEN 'group' THEN 'open' ELSE 'closed' END, 'membersCanAdd', false)
    || NEW.settings;
  RETURN NEW;
END $$;
CREATE TRIGGER rooms_complete_settings BEFORE INSERT OR UPDATE OF settings ON rooms.rooms
  FOR EACH ROW WHEN (NOT NEW.settings ?& '{joinPolicy,membersCanAdd}') EXECUTE FUNCTION rooms.complete_settings();
UPDATE rooms.rooms SET settings = settings WHERE NOT settings ?& '{joinPolicy,membersCanAdd}';

CREATE TABLE rooms.invitations (
  code text COLLATE "C" PRIMARY KEY,
  room_id text COLLATE "C" NOT NULL REFERENCES rooms.rooms (id),
  created_by text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp()),
  expires_at timestamptz NOT NULL,
  max_uses integer,
  uses integer NOT NULL DEFAULT 0
);
CREATE INDEX invitations_by_room ON rooms.invitations (room_id);

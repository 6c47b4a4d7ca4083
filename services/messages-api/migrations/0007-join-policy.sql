-- Who may come into a room decides whether strangers may know of it. See migration 7 of rooms-api, which this repeats.

CREATE FUNCTION messages.complete_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.settings := jsonb_build_object('joinPolicy', CASE NEW.type WHEN 'group' THEN 'open' ELSE 'closed' END, 'membersCanAdd', false)
    || NEW.settings;
  RETURN NEW;
END $$;
CREATE TRIGGER rooms_complete_settings BEFORE INSERT OR UPDATE OF settings ON messages.rooms
  FOR EACH ROW WHEN (NOT NEW.settings ?& '{joinPolicy,membersCanAdd}') EXECUTE FUNCTION messages.complete_settings();
UPDATE messages.rooms SET settings = settings WHERE NOT settings ?& '{joinPolicy,membersCanAdd}';

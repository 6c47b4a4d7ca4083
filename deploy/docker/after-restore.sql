-- What a database needs once it has been restored, before services use it. restore.sh runs it, as a superuser.

-- Statements are planned by the sizes of tables, which a dump does not have.
ANALYZE;

-- The logs go on as another history than the one that clients and gateways have seen: they notice by its epoch. A backup of an
-- earlier release has none yet.
DO $$ BEGIN
  IF to_regclass('messages.log_epoch') IS NOT NULL THEN
    UPDATE messages.log_epoch SET epoch = DEFAULT;
  END IF;
END $$;

-- Uploads whose files may be in the store and whose message is not known to be there. A row is written before the first byte
-- is stored and goes when the message is there, or the files are gone: what a crash leaves behind is found here.
CREATE TABLE media.uploads (
  file_id text COLLATE "C" PRIMARY KEY,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX uploads_by_age ON media.uploads (started_at);

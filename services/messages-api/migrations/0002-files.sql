-- Files of messages, with the number of messages that use each: a forwarded copy shares its file with the original.
CREATE TABLE messages.files (
  id text COLLATE "C" PRIMARY KEY,
  uses integer NOT NULL                      -- 0: to be removed by media-service, then this row goes
);
CREATE INDEX files_unused ON messages.files (id) WHERE uses = 0;

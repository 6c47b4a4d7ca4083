-- Rooms, their members, their messages and their log. Ids compare bytewise: no locale needed, and faster.

CREATE TABLE messages.rooms (
  id text COLLATE "C" PRIMARY KEY,
  type text NOT NULL,
  settings jsonb NOT NULL,
  seq bigint NOT NULL DEFAULT 0,             -- number of the newest log entry
  floor bigint NOT NULL DEFAULT 0,           -- entries up to this one are no longer in the log
  change_no bigint NOT NULL DEFAULT 0,       -- last change taken from rooms-api
  last_at timestamptz NOT NULL,              -- last activity; orders the room list and never goes back
  member_count integer NOT NULL DEFAULT 0,   -- active members
  ordinal bigint NOT NULL DEFAULT 0,         -- messages ever sent by people: what unread counts subtract from
  places bigint NOT NULL DEFAULT 0,          -- all messages, deleted and system ones too: what pages count
  n_text bigint NOT NULL DEFAULT 0,          -- messages there now, by type
  n_image bigint NOT NULL DEFAULT 0,
  n_video bigint NOT NULL DEFAULT 0,
  n_audio bigint NOT NULL DEFAULT 0,
  n_file bigint NOT NULL DEFAULT 0,
  n_sticker bigint NOT NULL DEFAULT 0,
  n_reactions bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

-- A projection of the log: written only under the room's row lock.
CREATE TABLE messages.members (
  room_id text COLLATE "C" NOT NULL REFERENCES messages.rooms (id),
  user_id text COLLATE "C" NOT NULL,
  role text NOT NULL,
  is_active boolean NOT NULL,
  joined_at timestamptz NOT NULL,
  sent bigint NOT NULL DEFAULT 0,            -- messages this member ever sent here
  last_sent_seq bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (room_id, user_id)
) WITH (fillfactor = 70);
CREATE INDEX members_by_user ON messages.members (user_id) WHERE is_active;

-- How far each member has read and been reached: state, not log.
CREATE TABLE messages.positions (
  room_id text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  read_seq bigint NOT NULL DEFAULT 0,
  read_message text COLLATE "C",
  read_at timestamptz,
  read_ordinal bigint NOT NULL DEFAULT 0,    -- rooms.ordinal as of read_seq
  read_sent bigint NOT NULL DEFAULT 0,       -- members.sent as of read_seq
  gone bigint NOT NULL DEFAULT 0,            -- others' messages after read_seq that are deleted or hidden for this member
  delivered_seq bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (room_id, user_id),
  FOREIGN KEY (room_id, user_id) REFERENCES messages.members (room_id, user_id)
) WITH (fillfactor = 70);

CREATE TABLE messages.messages (
  id text COLLATE "C" PRIMARY KEY,
  room_id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,                       -- the log entry that created it
  ordinal bigint NOT NULL,                   -- rooms.ordinal after it
  sent bigint NOT NULL,                      -- members.sent after it
  sender_id text COLLATE "C" NOT NULL,
  type text NOT NULL,
  content text,
  media jsonb,
  sticker jsonb,
  system jsonb,
  created_at timestamptz NOT NULL,           -- rises with seq within a room
  edits jsonb,                               -- [{content, editedAt}], oldest first
  deleted boolean NOT NULL DEFAULT false,
  reactions jsonb,                           -- [{userId, emoji, reactionType, createdAt}]
  reply_to text COLLATE "C",
  forwarded jsonb,
  client_id text COLLATE "C"
);
CREATE UNIQUE INDEX messages_in_room ON messages.messages (room_id, seq);
CREATE INDEX messages_by_time ON messages.messages (room_id, created_at);
CREATE INDEX messages_by_sender ON messages.messages (room_id, sender_id, seq);
CREATE INDEX messages_deleted ON messages.messages (room_id, seq) WHERE deleted;
CREATE UNIQUE INDEX messages_once ON messages.messages (sender_id, client_id) WHERE client_id IS NOT NULL;

-- Messages that one user no longer wants to see.
CREATE TABLE messages.hidden (
  user_id text COLLATE "C" NOT NULL,
  room_id text COLLATE "C" NOT NULL,
  message_id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,                       -- of the message
  at_seq bigint NOT NULL,                    -- the room's newest entry when it was hidden
  PRIMARY KEY (user_id, room_id, message_id)
);

-- What happened in a room, without a gap. An entry points at its message and is rendered as that is now, so a deleted
-- text is nowhere else, and signed addresses are always fresh.
CREATE TABLE messages.log (
  room_id text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  event text NOT NULL,
  message_id text COLLATE "C",
  data jsonb,
  at timestamptz NOT NULL,
  PRIMARY KEY (room_id, seq)
);
CREATE INDEX log_by_age ON messages.log USING brin (at);

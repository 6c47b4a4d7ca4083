-- Rooms, participants, the user directory, and the outbox to messages-api.

CREATE TABLE rooms.users (
  id text COLLATE "C" PRIMARY KEY,
  name text,
  avatar text,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE rooms.rooms (
  id text COLLATE "C" PRIMARY KEY,
  type text NOT NULL CHECK (type IN ('private', 'group')),
  name text,
  description text,
  avatar text,
  activity_id text,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived')),
  settings jsonb NOT NULL,
  created_by text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  updated_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  change_no bigint NOT NULL DEFAULT 1,       -- of the last change put into the outbox
  pair text COLLATE "C" UNIQUE,              -- the two people of a private room, as JSON
  client_id text COLLATE "C"                 -- Idempotency-Key of the request that made it
);
CREATE UNIQUE INDEX rooms_once ON rooms.rooms (created_by, client_id) WHERE client_id IS NOT NULL;

CREATE TABLE rooms.participants (
  room_id text COLLATE "C" NOT NULL REFERENCES rooms.rooms (id),
  user_id text COLLATE "C" NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'member')),
  is_active boolean NOT NULL DEFAULT true,
  joined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (room_id, user_id)
);

-- Changes that messages-api has not confirmed yet, in the order of each room.
CREATE TABLE rooms.outbox (
  room_id text COLLATE "C" NOT NULL,
  change_no bigint NOT NULL,
  change jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (room_id, change_no)
);

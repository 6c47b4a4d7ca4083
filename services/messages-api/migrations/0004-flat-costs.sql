-- What a statement touches no longer grows with the messages, members, deletions, hidden messages, edits or reactions that
-- there are. A messages-api from before this migration cannot write to what it leaves: see "Upgrades" in docs/operations.md.

-- All messages of a room, numbered without a gap: what `page` counts in.
ALTER TABLE messages.messages ADD COLUMN place bigint;
UPDATE messages.messages m SET place = n.place
  FROM (SELECT id, row_number() OVER (PARTITION BY room_id ORDER BY seq) AS place FROM messages.messages) n WHERE n.id = m.id;
ALTER TABLE messages.messages ALTER COLUMN place SET NOT NULL;
CREATE UNIQUE INDEX messages_by_place ON messages.messages (room_id, place);
DROP INDEX messages.messages_by_time;        -- a time is found by bisecting places
DROP INDEX messages.messages_deleted;        -- with it, no deletion was a heap-only update
ALTER TABLE messages.messages SET (fillfactor = 90);

-- Amounts at positions of a room, kept so that the sum of all after a position is five rows whatever lies there: see
-- src/store/position-sums.ts.
CREATE TABLE messages.tallies (
  room_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,            -- deleted, uncounted: at ordinals; hidden: at places
  owner text COLLATE "C" NOT NULL,           -- whose; empty for the room's own
  level smallint NOT NULL,
  node bigint NOT NULL,
  after integer[] NOT NULL,                  -- for each of the node's children, the sum of those behind it
  PRIMARY KEY (room_id, kind, owner, level, node)
) WITH (fillfactor = 70);
ALTER TABLE messages.rooms ADD COLUMN deleted_upto bigint NOT NULL DEFAULT 0;      -- highest ordinal with a tally of "deleted"
ALTER TABLE messages.members ADD COLUMN uncounted_upto bigint NOT NULL DEFAULT 0;  -- and, for this member, of "uncounted"

-- Neighbouring hidden messages as one range of places, which a page jumps over. No two ranges touch.
CREATE TABLE messages.hidden_ranges (
  user_id text COLLATE "C" NOT NULL,
  room_id text COLLATE "C" NOT NULL,
  first_place bigint NOT NULL,
  last_place bigint NOT NULL,
  PRIMARY KEY (user_id, room_id, first_place)
);
CREATE UNIQUE INDEX hidden_ranges_by_end ON messages.hidden_ranges (user_id, room_id, last_place);
CREATE INDEX hidden_since ON messages.hidden (user_id, room_id, at_seq);
CREATE UNIQUE INDEX hidden_by ON messages.hidden (message_id, user_id);
INSERT INTO messages.hidden_ranges (user_id, room_id, first_place, last_place)
  SELECT user_id, room_id, min(place), max(place) FROM (
    SELECT h.user_id, h.room_id, m.place,
      m.place - row_number() OVER (PARTITION BY h.user_id, h.room_id ORDER BY m.place) AS island
    FROM messages.hidden h JOIN messages.messages m ON m.id = h.message_id
  ) x GROUP BY user_id, room_id, island;

-- Versions that an edit replaced. A message carries the newest within 4 KB itself.
CREATE TABLE messages.edits (
  message_id text COLLATE "C" NOT NULL,
  number integer NOT NULL,
  content text,
  edited_at timestamptz NOT NULL,
  PRIMARY KEY (message_id, number)
);
INSERT INTO messages.edits (message_id, number, content, edited_at)
  SELECT m.id, e.n, e.x->>'content', (e.x->>'editedAt')::timestamptz
  FROM messages.messages m, jsonb_array_elements(m.edits) WITH ORDINALITY AS e(x, n) WHERE m.edits IS NOT NULL;
ALTER TABLE messages.messages ADD COLUMN recent_edits jsonb, ADD COLUMN edit_count integer NOT NULL DEFAULT 0;
UPDATE messages.messages m SET edit_count = jsonb_array_length(m.edits), recent_edits = (
    SELECT coalesce(jsonb_agg(x ORDER BY n), '[]') FROM (
      SELECT x, n, sum(octet_length(x::text)) OVER (ORDER BY n DESC) AS bytes
      FROM jsonb_array_elements(m.edits) WITH ORDINALITY AS e(x, n)
    ) newest WHERE bytes <= 4096)
  WHERE m.edits IS NOT NULL;
ALTER TABLE messages.messages DROP COLUMN edits;

-- Who reacted. A message carries them itself (messages.reactions) while they are few, and always how many used each emoji.
CREATE TABLE messages.reactions (
  message_id text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  emoji text NOT NULL,
  reaction_type text,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (message_id, user_id)
);
CREATE INDEX reactions_in_order ON messages.reactions (message_id, created_at, user_id);
INSERT INTO messages.reactions (message_id, user_id, emoji, reaction_type, created_at)
  SELECT m.id, x->>'userId', x->>'emoji', x->>'reactionType', (x->>'createdAt')::timestamptz
  FROM messages.messages m, jsonb_array_elements(m.reactions) x WHERE m.reactions IS NOT NULL;
ALTER TABLE messages.messages ADD COLUMN reaction_count integer NOT NULL DEFAULT 0,
  ADD COLUMN reaction_counts jsonb;          -- {emoji: count}
UPDATE messages.messages m SET reaction_count = jsonb_array_length(m.reactions),
    reaction_counts = (SELECT jsonb_object_agg(emoji, n) FROM (
      SELECT x->>'emoji' AS emoji, count(*) AS n FROM jsonb_array_elements(m.reactions) x GROUP BY 1) c),
    reactions = CASE WHEN jsonb_array_length(m.reactions) <= 50 THEN m.reactions END
  WHERE jsonb_array_length(m.reactions) > 0;

-- Deleted messages whose edits and reactions wait to be taken out, a chunk at a time.
CREATE TABLE messages.remains (message_id text COLLATE "C" PRIMARY KEY);

-- Who left has no position; so a room's least position is the first of an index.
DELETE FROM messages.positions o USING messages.members m
  WHERE m.room_id = o.room_id AND m.user_id = o.user_id AND NOT m.is_active;
ALTER TABLE messages.positions DROP COLUMN gone;
CREATE INDEX positions_by_read ON messages.positions (room_id, read_seq, user_id);
DROP INDEX messages.members_by_user;         -- with the room in it, who is in many rooms is read from the index alone
CREATE INDEX members_by_user ON messages.members (user_id, room_id) WHERE is_active;
CREATE INDEX members_in_order ON messages.members (room_id, joined_at, user_id) WHERE is_active;

-- A block-range index finds nothing by reading all blocks in which old and new entries share space.
DROP INDEX messages.log_by_age;
CREATE INDEX log_by_age ON messages.log (at);

-- Deleted so far: at the ordinal of each, one for the room; for its sender it is taken back, since what they sent is not
-- counted anyway. Hidden so far, and not deleted: one less for who hid it; and at its place, one more to be jumped over.
WITH amount AS (
  SELECT m.room_id, 'deleted' AS kind, '' AS owner, m.ordinal AS position, 1 AS amount
    FROM messages.messages m WHERE m.deleted AND m.type <> 'system'
  UNION ALL
  SELECT m.room_id, 'uncounted', m.sender_id, m.ordinal, -1 FROM messages.messages m WHERE m.deleted AND m.type <> 'system'
  UNION ALL
  SELECT h.room_id, 'uncounted', h.user_id, m.ordinal, 1
    FROM messages.hidden h JOIN messages.messages m ON m.id = h.message_id
    WHERE m.sender_id <> h.user_id AND m.type <> 'system' AND NOT m.deleted
  UNION ALL
  SELECT h.room_id, 'hidden', h.user_id, m.place, 1 FROM messages.hidden h JOIN messages.messages m ON m.id = h.message_id
), child AS (
  SELECT room_id, kind, owner, level, position >> (7 * (level + 1)) AS node, (position >> (7 * level)) & 127 AS child,
    sum(amount) AS amount
  FROM amount, generate_series(0, 4) AS level GROUP BY 1, 2, 3, 4, 5, 6
)
INSERT INTO messages.tallies (room_id, kind, owner, level, node, after)
  SELECT room_id, kind, owner, level, node, (
    SELECT array_agg((SELECT coalesce(sum(amount), 0) FROM unnest(children, amounts) AS u(child, amount) WHERE child > n)::int
      ORDER BY n) FROM generate_series(0, 127) AS n)
  FROM (SELECT room_id, kind, owner, level, node, array_agg(child) AS children, array_agg(amount) AS amounts
    FROM child GROUP BY 1, 2, 3, 4, 5) nodes;
UPDATE messages.rooms r SET deleted_upto = d.ordinal FROM (
  SELECT room_id, max(ordinal) AS ordinal FROM messages.messages WHERE deleted AND type <> 'system' GROUP BY 1) d WHERE d.room_id = r.id;
UPDATE messages.members me SET uncounted_upto = u.ordinal FROM (
  SELECT room_id, user_id, max(ordinal) AS ordinal FROM (
    SELECT room_id, sender_id AS user_id, ordinal FROM messages.messages WHERE deleted AND type <> 'system'
    UNION ALL SELECT h.room_id, h.user_id, m.ordinal FROM messages.hidden h JOIN messages.messages m ON m.id = h.message_id
  ) x GROUP BY 1, 2) u WHERE u.room_id = me.room_id AND u.user_id = me.user_id;

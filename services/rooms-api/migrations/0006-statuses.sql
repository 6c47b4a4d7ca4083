-- The status that users have chosen, so that nobody who chose to be invisible is shown when the presence store has lost it. Who
-- never chose has no row, and is online.
CREATE TABLE rooms.statuses (
  user_id text COLLATE "C" PRIMARY KEY,
  status text NOT NULL CHECK (status IN ('online', 'away', 'busy', 'invisible')),
  revision bigint NOT NULL                   -- of two choices the later one has the higher
) WITH (fillfactor = 70);

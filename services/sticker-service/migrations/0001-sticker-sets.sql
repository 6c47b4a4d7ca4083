-- Sticker sets, their stickers, and who has downloaded what. Pictures are blobs, named by a digest of their bytes.

CREATE TABLE stickers.sets (
  id text COLLATE "C" PRIMARY KEY,
  key text COLLATE "C" NOT NULL UNIQUE,       -- the name in its manifest
  title jsonb NOT NULL,
  description jsonb,
  author text NOT NULL,
  category text COLLATE "C" NOT NULL,
  keywords jsonb NOT NULL,
  type text NOT NULL CHECK (type IN ('static', 'animated', 'interactive')),
  free boolean NOT NULL,
  cover text COLLATE "C" NOT NULL,            -- an asset
  sticker_count int NOT NULL,
  digest text COLLATE "C" NOT NULL,           -- of the manifest and the files it was published from
  starter boolean NOT NULL,                   -- as it came with the service; else an administrator has published it
  search_text text NOT NULL,                  -- folded; all that the list is searched by
  titles text NOT NULL,                       -- folded; what finds a set's stickers beside their own words
  retired_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  updated_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now())
);
CREATE INDEX sets_by_age ON stickers.sets (created_at DESC, id DESC) WHERE retired_at IS NULL;

CREATE TABLE stickers.stickers (
  set_id text COLLATE "C" NOT NULL REFERENCES stickers.sets (id),
  id text COLLATE "C" NOT NULL,
  position int NOT NULL,
  name jsonb NOT NULL,
  keywords jsonb NOT NULL,
  emoji text,
  asset text COLLATE "C" NOT NULL,
  width int NOT NULL,
  height int NOT NULL,
  interactive jsonb,                          -- what its metadata may hold, and its outcomes with assets and weights
  terms text NOT NULL,                        -- folded names, keywords and emoji, each between line ends
  PRIMARY KEY (set_id, id)
);

CREATE TABLE stickers.collections (
  user_id text COLLATE "C" NOT NULL,
  set_id text COLLATE "C" NOT NULL REFERENCES stickers.sets (id),
  downloaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (user_id, set_id)
);

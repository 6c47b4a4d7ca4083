-- What a statement touches no longer grows with the sets, stickers and downloads that there are.
-- All of it is kept by triggers, since replicas of the release before write sets and downloads until the last one is replaced.

-- The order of lists: sets by when they came.
ALTER TABLE stickers.sets ADD COLUMN number bigint;
UPDATE stickers.sets s SET number = n.number
  FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS number FROM stickers.sets) n WHERE n.id = s.id;
ALTER TABLE stickers.sets ALTER COLUMN number SET NOT NULL;
ALTER TABLE stickers.sets ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('stickers.sets', 'number'), (SELECT count(*) FROM stickers.sets) + 1, false);
CREATE UNIQUE INDEX sets_by_number ON stickers.sets (number);
CREATE INDEX sets_listed ON stickers.sets (number) WHERE retired_at IS NULL;
CREATE INDEX sets_listed_by_category ON stickers.sets (category, number) WHERE retired_at IS NULL;
DROP INDEX stickers.sets_by_age;

-- How many sets each stretch of numbers has in a list, so that any page is found in a few steps: see src/store/set-list.ts.
CREATE TABLE stickers.list_counts (
  list text COLLATE "C" NOT NULL,             -- a category, or empty for all sets
  level smallint NOT NULL,                    -- a node holds 64^level numbers
  node bigint NOT NULL,
  slot smallint NOT NULL,
  listed integer NOT NULL,                    -- the sum over the slots is what counts
  PRIMARY KEY (list, level, node, slot)
) WITH (fillfactor = 70);
-- Each transaction that publishes or retires counts in a slot that no other one is using, and so waits for none.
CREATE TABLE stickers.count_slots (slot smallint PRIMARY KEY);
INSERT INTO stickers.count_slots SELECT generate_series(0, 15);

-- The sets in whose texts one to three characters stand in a row: see src/store/candidates.ts.
CREATE TABLE stickers.set_grams (
  list text COLLATE "C" NOT NULL,             -- "sets", "stickers", or "retired stickers"
  gram text COLLATE "C" NOT NULL,
  number bigint NOT NULL
);

-- A user's downloads, numbered without a gap: nothing leaves a collection.
CREATE TABLE stickers.collectors (
  user_id text COLLATE "C" PRIMARY KEY,
  downloads integer NOT NULL
) WITH (fillfactor = 70);
ALTER TABLE stickers.collections ADD COLUMN place integer, ADD COLUMN number bigint;   -- the set's number
UPDATE stickers.collections c SET place = n.place, number = n.number
  FROM (SELECT c.user_id, c.set_id, s.number,
    row_number() OVER (PARTITION BY c.user_id ORDER BY c.downloaded_at, c.set_id) AS place
    FROM stickers.collections c JOIN stickers.sets s ON s.id = c.set_id) n
  WHERE n.user_id = c.user_id AND n.set_id = c.set_id;
INSERT INTO stickers.collectors SELECT user_id, count(*) FROM stickers.collections GROUP BY user_id;
CREATE UNIQUE INDEX collections_by_place ON stickers.collections (user_id, place);
CREATE UNIQUE INDEX collections_by_number ON stickers.collections (user_id, number);

-- The grams of folded terms that stand between line ends; the line ends of a term are part of it.
CREATE FUNCTION stickers.grams(terms text) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
  SELECT DISTINCT substr(line, first, size)
  FROM (SELECT E'\n' || term || E'\n' AS line FROM unnest(string_to_array(terms, E'\n')) AS term WHERE term <> '') lines,
    generate_series(1, 3) AS size, generate_series(1, length(line) - size + 1) AS first
$$;

-- Those by which a list of sets is searched. The category is one of them; no term's gram begins with two line ends.
CREATE FUNCTION stickers.list_grams(search_text text, category text) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
  SELECT stickers.grams(search_text) UNION ALL SELECT E'\n\n' || category
$$;

CREATE FUNCTION stickers.count_listed(category text, number bigint, change integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  free smallint;
BEGIN
  SELECT slot INTO free FROM stickers.count_slots ORDER BY slot LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    SELECT slot INTO free FROM stickers.count_slots WHERE slot = 0 FOR UPDATE;
  END IF;
  INSERT INTO stickers.list_counts AS c (list, level, node, slot, listed)
    SELECT list, level, number >> (6 * level), free, change
    FROM unnest(ARRAY['', category]) AS list, generate_series(1, 4) AS level
    ON CONFLICT (list, level, node, slot) DO UPDATE SET listed = c.listed + excluded.listed;
END $$;

CREATE FUNCTION stickers.set_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.retired_at IS NULL THEN
    PERFORM stickers.count_listed(OLD.category, OLD.number, -1);
    DELETE FROM stickers.set_grams g WHERE g.number = OLD.number AND g.list = 'sets';
  END IF;
  IF NEW.retired_at IS NULL THEN
    PERFORM stickers.count_listed(NEW.category, NEW.number, 1);
    INSERT INTO stickers.set_grams (list, gram, number)
      SELECT 'sets', gram, NEW.number FROM stickers.list_grams(NEW.search_text, NEW.category) AS gram;
  END IF;
  IF TG_OP = 'UPDATE' AND (OLD.retired_at IS NULL) <> (NEW.retired_at IS NULL) THEN
    UPDATE stickers.set_grams g SET list = CASE WHEN NEW.retired_at IS NULL THEN 'stickers' ELSE 'retired stickers' END
      WHERE g.number = NEW.number AND g.list <> 'sets';
  END IF;
  RETURN NULL;
END $$;

-- Whoever writes a set's stickers writes all of them, in one statement.
CREATE FUNCTION stickers.stickers_written() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  owner record;
BEGIN
  -- One set at a time by its key: a join might be planned to read all sets.
  FOR owner IN SELECT set_id AS id, string_agg(terms, '') AS terms FROM added GROUP BY set_id LOOP
    DELETE FROM stickers.set_grams g USING stickers.sets s
      WHERE s.id = owner.id AND g.number = s.number AND g.list <> 'sets';
    INSERT INTO stickers.set_grams (list, gram, number)
      SELECT CASE WHEN s.retired_at IS NULL THEN 'stickers' ELSE 'retired stickers' END, gram, s.number
      FROM stickers.sets s, stickers.grams(s.titles || owner.terms) AS gram WHERE s.id = owner.id;
  END LOOP;
  RETURN NULL;
END $$;

-- Only after the insert it is known that the set was not there. Downloads of one user take turns; those of others do not meet.
CREATE FUNCTION stickers.set_downloaded() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  latest integer;
BEGIN
  INSERT INTO stickers.collectors AS c (user_id, downloads) VALUES (NEW.user_id, 1)
    ON CONFLICT (user_id) DO UPDATE SET downloads = c.downloads + 1 RETURNING downloads INTO latest;
  UPDATE stickers.collections SET place = latest, number = (SELECT s.number FROM stickers.sets s WHERE s.id = NEW.set_id)
    WHERE user_id = NEW.user_id AND set_id = NEW.set_id;
  RETURN NULL;
END $$;

CREATE TRIGGER set_inserted AFTER INSERT ON stickers.sets FOR EACH ROW EXECUTE FUNCTION stickers.set_written();
CREATE TRIGGER set_updated AFTER UPDATE ON stickers.sets FOR EACH ROW
  WHEN ((OLD.retired_at, OLD.category, OLD.search_text) IS DISTINCT FROM (NEW.retired_at, NEW.category, NEW.search_text))
  EXECUTE FUNCTION stickers.set_written();
CREATE TRIGGER stickers_inserted AFTER INSERT ON stickers.stickers
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION stickers.stickers_written();
CREATE TRIGGER collection_inserted AFTER INSERT ON stickers.collections
  FOR EACH ROW EXECUTE FUNCTION stickers.set_downloaded();

-- The same for what is there.
INSERT INTO stickers.list_counts (list, level, node, slot, listed)
  SELECT list, level, number >> (6 * level), 0, count(*)
  FROM stickers.sets s, unnest(ARRAY['', s.category]) AS list, generate_series(1, 4) AS level
  WHERE retired_at IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
INSERT INTO stickers.set_grams (list, gram, number)
  SELECT 'sets', gram, number FROM stickers.sets s, stickers.list_grams(s.search_text, s.category) AS gram
  WHERE retired_at IS NULL;
INSERT INTO stickers.set_grams (list, gram, number)
  SELECT CASE WHEN s.retired_at IS NULL THEN 'stickers' ELSE 'retired stickers' END, gram, s.number
  FROM stickers.sets s JOIN (SELECT set_id, string_agg(terms, '') AS terms FROM stickers.stickers GROUP BY set_id) t ON t.set_id = s.id,
    stickers.grams(s.titles || t.terms) AS gram;
ALTER TABLE stickers.set_grams ADD PRIMARY KEY (list, gram, number);
CREATE INDEX set_grams_by_set ON stickers.set_grams (number, list);

-- Which history the numbers of the logs belong to. A database restored from a backup gets a new epoch (docs/operations.md), so that a
-- client's or a gateway's number from before is told from one of the restored history. One row; replicas of the release before ignore it.
CREATE TABLE messages.log_epoch (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  epoch text NOT NULL DEFAULT left(replace(gen_random_uuid()::text, '-', ''), 12),
  -- The value of RESTORED for which the epoch was made.
  restored text
);
INSERT INTO messages.log_epoch DEFAULT VALUES;

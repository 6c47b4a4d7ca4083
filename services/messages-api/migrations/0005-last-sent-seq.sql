-- Nobody reads it. Replicas that still write it are those from before 0004, which cannot write beside that migration either: see
-- "Upgrades" in docs/operations.md.
ALTER TABLE messages.members DROP COLUMN last_sent_seq;

-- Of several tokens of a user the newest says what they are called. Replicas of the release before leave it as it is.
ALTER TABLE rooms.users ADD COLUMN issued_at bigint NOT NULL DEFAULT 0;   -- ms since 1970; 0: whoever said it gave no time

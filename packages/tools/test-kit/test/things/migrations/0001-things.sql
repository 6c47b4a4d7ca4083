-- A table for the cost test's own test.
CREATE TABLE things.things (owner text NOT NULL, n int NOT NULL, PRIMARY KEY (owner, n));

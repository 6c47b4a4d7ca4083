-- A role a service, each owning its own schema and seeing no other's. Run by psql (15 or later) as a superuser, or as a managed
-- server's administrator, in the database of Khui; running it again sets the passwords anew, which is how they are changed.
-- The passwords come from the environment: POSTGRES_ROOMS_API_PASSWORD and so on. An unset one ends the script.
\set ON_ERROR_STOP on
\getenv rooms_api POSTGRES_ROOMS_API_PASSWORD
\getenv messages_api POSTGRES_MESSAGES_API_PASSWORD
\getenv media_service POSTGRES_MEDIA_SERVICE_PASSWORD
\getenv sticker_service POSTGRES_STICKER_SERVICE_PASSWORD

BEGIN;

CREATE TEMPORARY TABLE wanted (role, schema, password) ON COMMIT DROP AS VALUES
  ('rooms_api', 'rooms', :'rooms_api'),
  ('messages_api', 'messages', :'messages_api'),
  ('media_service', 'media', :'media_service'),
  ('sticker_service', 'stickers', :'sticker_service');

SELECT format('CREATE ROLE %I', role) FROM wanted WHERE to_regrole(role) IS NULL \gexec
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', role, password) FROM wanted \gexec

-- By default anyone may connect to any database, make temporary tables, and see the schema public.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role) FROM wanted \gexec

-- To make a schema for another, one must be a member of it; a superuser need not.
SELECT format('GRANT %I TO %I', role, current_user) FROM wanted
WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \gexec
SELECT format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', schema, role) FROM wanted \gexec

COMMIT;

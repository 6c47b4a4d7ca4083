-- One role per service, which owns its schema and cannot see the others. Run it with psql (15 or later) as a superuser, or as the
-- administrator of a managed server, in Khui's database. To change passwords or limits, run it again.
-- The passwords come from the environment: POSTGRES_ROOMS_API_PASSWORD and so on. The script stops if one is not set.
--
-- So do the connection limits of the roles, POSTGRES_ROOMS_API_CONNECTIONS and so on, which keep each role from using up the
-- connections of the others. The default is what ten replicas of a service open, plus a twentieth for migrations and manual access.
-- Their sum must stay below max_connections minus superuser_reserved_connections.
\set ON_ERROR_STOP on
\getenv rooms_api POSTGRES_ROOMS_API_PASSWORD
\getenv messages_api POSTGRES_MESSAGES_API_PASSWORD
\getenv media_service POSTGRES_MEDIA_SERVICE_PASSWORD
\getenv sticker_service POSTGRES_STICKER_SERVICE_PASSWORD

\set rooms_api_connections 105
\set messages_api_connections 105
\set media_service_connections 42
\set sticker_service_connections 42
\getenv rooms_api_connections POSTGRES_ROOMS_API_CONNECTIONS
\getenv messages_api_connections POSTGRES_MESSAGES_API_CONNECTIONS
\getenv media_service_connections POSTGRES_MEDIA_SERVICE_CONNECTIONS
\getenv sticker_service_connections POSTGRES_STICKER_SERVICE_CONNECTIONS

BEGIN;

CREATE TEMPORARY TABLE wanted (role, schema, password, connections) ON COMMIT DROP AS VALUES
  ('rooms_api', 'rooms', :'rooms_api', :'rooms_api_connections'::int),
  ('messages_api', 'messages', :'messages_api', :'messages_api_connections'),
  ('media_service', 'media', :'media_service', :'media_service_connections'),
  ('sticker_service', 'stickers', :'sticker_service', :'sticker_service_connections');

SELECT format('CREATE ROLE %I', role) FROM wanted WHERE to_regrole(role) IS NULL \gexec
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L CONNECTION LIMIT %s', role, password, connections) FROM wanted \gexec

-- By default anyone may connect to any database, create temporary tables, and see the schema public.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role) FROM wanted \gexec

-- Creating a schema for another role requires membership in it, except for a superuser.
SELECT format('GRANT %I TO %I', role, current_user) FROM wanted
WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \gexec
SELECT format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', schema, role) FROM wanted \gexec

COMMIT;

#!/bin/sh
# Run once, on an empty data folder: a role a service, each with a schema that is its own and closed to the others.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v rooms="$ROOMS_PASSWORD" -v messages="$MESSAGES_PASSWORD" -v media="$MEDIA_PASSWORD" -v stickers="$STICKERS_PASSWORD" <<'SQL'
create role rooms login password :'rooms';
create role messages login password :'messages';
create role media login password :'media';
create role stickers login password :'stickers';
create schema rooms authorization rooms;
create schema messages authorization messages;
create schema media authorization media;
create schema stickers authorization stickers;
SQL

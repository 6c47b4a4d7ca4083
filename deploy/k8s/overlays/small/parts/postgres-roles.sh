#!/bin/sh
# Run once, on an empty data folder: a role a service, each with a schema that is its own and closed to the others.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v rooms_api="$POSTGRES_ROOMS_API_PASSWORD" -v messages_api="$POSTGRES_MESSAGES_API_PASSWORD" \
  -v media_service="$POSTGRES_MEDIA_SERVICE_PASSWORD" -v sticker_service="$POSTGRES_STICKER_SERVICE_PASSWORD" <<'SQL'
create role rooms_api login password :'rooms_api';
create role messages_api login password :'messages_api';
create role media_service login password :'media_service';
create role sticker_service login password :'sticker_service';
create schema rooms authorization rooms_api;
create schema messages authorization messages_api;
create schema media authorization media_service;
create schema stickers authorization sticker_service;
SQL

#!/bin/sh
# Restores what backup.sh made, into an installation without data: sh deploy/docker/restore.sh /backups/khui
# Afterwards: docker compose up --detach --wait
set -eu
folder=$(cd "${1:?usage: restore.sh FOLDER}" && pwd)
[ -s "$folder/khui.dump" ] || { echo "$folder has no khui.dump" >&2; exit 1; }
BACKUP_FOLDER=$folder/files
BACKUP_USER=$(id -u):$(id -g)
export BACKUP_FOLDER BACKUP_USER
cd "$(dirname "$0")/../.."

if [ -n "$(docker compose ps --quiet rooms-api messages-api media-service sticker-service)" ]; then
  echo 'services are running: stop them first (docker compose down)' >&2
  exit 1
fi
docker compose up --detach --wait postgres minio backup
trap 'docker compose rm --force --stop backup' EXIT
psql() { docker compose exec -T postgres psql -U postgres -d khui -X -v ON_ERROR_STOP=1 "$@"; }
if [ "$(psql -Atc "select count(*) from pg_tables where schemaname in ('rooms', 'messages', 'media', 'stickers')")" != 0 ]; then
  echo 'the database has data already: restore into a new one' >&2
  exit 1
fi
# Files first: then nothing refers to a file that is not there yet.
docker compose run --rm -T minio-setup
docker compose run --rm -T --no-deps --entrypoint sh minio-setup -euc '
  for bucket in khui khui-stickers; do mc mirror --overwrite "backup/$bucket" "root/$bucket"; done'
# The schemas are there, empty, since roles.sql has run. All or nothing.
docker compose exec -T postgres pg_restore -U postgres -d khui --clean --if-exists --single-transaction --exit-on-error < "$folder/khui.dump"
psql < deploy/docker/after-restore.sql

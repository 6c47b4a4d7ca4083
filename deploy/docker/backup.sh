#!/bin/sh
# Backs up the Compose installation, while it runs, into a folder: sh deploy/docker/backup.sh /backups/khui
# In it: khui.dump (all schemas, by pg_dump) and files/ (all buckets). Run again with the same folder, it replaces the dump and
# copies only new files. The database comes first: files never change, so a copy made later has all that the dump refers to.
set -eu
folder=${1:?usage: backup.sh FOLDER}
mkdir -p "$folder/files"
BACKUP_FOLDER=$(cd "$folder/files" && pwd)
BACKUP_USER=$(id -u):$(id -g)
export BACKUP_FOLDER BACKUP_USER
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")/../.."
umask 077

docker compose exec -T postgres pg_dump -U postgres --format=custom khui > "$folder/khui.dump.part"
mv "$folder/khui.dump.part" "$folder/khui.dump"

trap 'docker compose rm --force --stop backup' EXIT
docker compose up --detach --wait backup
# Without --remove: a file that was deleted meanwhile is kept until somebody empties the folder.
docker compose run --rm -T --no-deps --entrypoint sh minio-setup -euc '
  for bucket in khui khui-stickers; do
    mc mb --ignore-existing "backup/$bucket"
    mc mirror --overwrite "root/$bucket" "backup/$bucket"
  done'

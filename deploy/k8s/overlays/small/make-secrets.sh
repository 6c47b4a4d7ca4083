#!/bin/sh
# Writes secrets/*.env with new random passwords, for a first try; what is there already is kept.
set -eu
cd "$(dirname "$0")/secrets"
umask 077
# A letter first: NATS would take what looks like a number for one.
random() { printf 'k%s' "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"; }
keep() {
  if [ -e "$1" ]; then echo "secrets/$1 is kept" >&2; cat > /dev/null; else cat > "$1"; fi
}
value() { sed -n "s/^$2=//p" "$1"; }

for schema in ROOMS MESSAGES MEDIA STICKERS; do echo "${schema}_PASSWORD=$(random)"; done |
  { echo "POSTGRES_PASSWORD=$(random)"; cat; } | keep postgres.env
for user in ROOMS MESSAGES MEDIA STICKERS GATEWAY; do echo "${user}_PASSWORD=$(random)"; done | keep nats.env
echo "REDIS_PASSWORD=$(random)" | keep redis.env
printf 'MINIO_ROOT_USER=khui\nMINIO_ROOT_PASSWORD=%s\n' "$(random)" | keep minio.env
echo "JWT_SECRET=$(random)" | keep tokens.env
echo "MEDIA_URL_SECRET=$(random)" | keep media-links.env

# Each service's own, spelled from those above.
service() {
  name=$1 schema=$2 user=$3
  {
    if [ -n "$schema" ]; then
      echo "POSTGRES_URL=postgres://$schema:$(value postgres.env "${user}_PASSWORD")@postgres:5432/khui"
    fi
    echo "NATS_URL=nats://$name:$(value nats.env "${user}_PASSWORD")@nats:4222"
    echo "REDIS_URL=redis://:$(value redis.env REDIS_PASSWORD)@redis:6379"
    case $name in media-service | sticker-service)
      echo "S3_ACCESS_KEY=$(value minio.env MINIO_ROOT_USER)"
      echo "S3_SECRET_KEY=$(value minio.env MINIO_ROOT_PASSWORD)" ;;
    esac
  } | keep "$name.env"
  # The same role: here a service's own may change its schema.
  if [ -n "$schema" ]; then grep '^POSTGRES_URL=' "$name.env" | keep "$name-migrations.env"; fi
}
service rooms-api rooms ROOMS
service messages-api messages MESSAGES
service media-service media MEDIA
service sticker-service stickers STICKERS
service realtime-gateway "" GATEWAY

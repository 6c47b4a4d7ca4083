#!/bin/sh
# Writes secrets/*.env with new random passwords, for trying it out; files that exist are kept.
set -eu
cd "$(dirname "$0")/secrets"
umask 077
# Begins with a letter: NATS would parse a value that looks like a number as one.
random() { printf 'k%s' "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"; }
keep() {
  if [ -e "$1" ]; then echo "secrets/$1 is kept" >&2; cat > /dev/null; else cat > "$1"; fi
}
value() { sed -n "s/^$2=//p" "$1"; }

for service in ROOMS_API MESSAGES_API MEDIA_SERVICE STICKER_SERVICE; do echo "POSTGRES_${service}_PASSWORD=$(random)"; done |
  { echo "POSTGRES_PASSWORD=$(random)"; cat; } | keep postgres.env
for service in ROOMS_API MESSAGES_API MEDIA_SERVICE STICKER_SERVICE REALTIME_GATEWAY; do
  echo "NATS_${service}_PASSWORD=$(random)"
done | keep nats.env
for service in ROOMS_API MESSAGES_API MEDIA_SERVICE STICKER_SERVICE REALTIME_GATEWAY; do
  echo "REDIS_${service}_PASSWORD=$(random)"
done | { echo "REDIS_PASSWORD=$(random)"; cat; } | keep redis.env
printf 'MINIO_ROOT_USER=khui\nMINIO_ROOT_PASSWORD=%s\n' "$(random)" | keep minio.env
{
  echo "MC_HOST_root=http://$(value minio.env MINIO_ROOT_USER):$(value minio.env MINIO_ROOT_PASSWORD)@minio:9000"
  for service in MEDIA_SERVICE STICKER_SERVICE; do echo "S3_${service}_SECRET_KEY=$(random)"; done
} | keep minio-setup.env
# The key pair for tokens (ES256): the services get the public key; the private key is for your application.
[ -e jwt-private-key.pem ] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out jwt-private-key.pem
{
  printf 'JWT_PUBLIC_KEY='
  openssl pkey -in jwt-private-key.pem -pubout | while IFS= read -r line; do printf '%s\\n' "$line"; done
  echo
} | keep tokens.env
echo "MEDIA_URL_SECRET=$(random)" | keep media-links.env

# The files of each service, built from those above.
for name in rooms-api messages-api media-service sticker-service realtime-gateway; do
  role=$(echo "$name" | tr - _)
  variable=$(echo "$role" | tr a-z A-Z)_PASSWORD
  postgres=$(value postgres.env "POSTGRES_$variable")
  {
    if [ -n "$postgres" ]; then echo "POSTGRES_URL=postgres://$role:$postgres@postgres:5432/khui"; fi
    echo "NATS_URL=nats://$name:$(value nats.env "NATS_$variable")@nats:4222"
    echo "REDIS_URL=redis://$name:$(value redis.env "REDIS_$variable")@redis:6379"
    case $name in media-service | sticker-service)
      echo "S3_ACCESS_KEY=$name"
      echo "S3_SECRET_KEY=$(value minio-setup.env "S3_$(echo "$role" | tr a-z A-Z)_SECRET_KEY")" ;;
    esac
  } | keep "$name.env"
  # The same role: here a service may change its own schema.
  if [ -n "$postgres" ]; then grep '^POSTGRES_URL=' "$name.env" | keep "$name-migrations.env"; fi
done

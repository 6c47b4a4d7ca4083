#!/bin/sh
# Gives each service that stores files a bucket, a user and a policy in MinIO. Running it again applies changes.
# MC_HOST_root is the store's URL including the root user, which nothing else in Khui has; secrets go by standard input.
set -eu
give() { # user, bucket, secret key
  mc mb --ignore-existing "root/$2"
  mc admin policy create root "$1" "${0%/*}/$1.json"
  printf '%s\n' "$3" | mc admin user add root "$1"
  mc admin policy attach root "$1" --user "$1"
}
give media-service khui "${S3_MEDIA_SERVICE_SECRET_KEY:?is not set}"
give sticker-service khui-stickers "${S3_STICKER_SERVICE_SECRET_KEY:?is not set}"

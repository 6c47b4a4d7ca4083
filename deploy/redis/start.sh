#!/bin/sh
# Starts redis-server with the users of users.conf; passwords come from environment variables, arguments are passed on.
# The configuration goes by standard input, with digests: arguments are visible in the process list.
set -eu
users=$(cat "$(dirname "$0")/users.conf")
for name in $(printf '%s\n' "$users" | grep -o 'REDIS_[A-Z_]*PASSWORD' | sort -u); do
  eval "password=\${$name:?is not set}"
  digest=$(printf '%s' "$password" | sha256sum | cut -d ' ' -f 1)
  users=$(printf '%s\n' "$users" | sed "s/#\\\$$name /#$digest /")
done
exec redis-server - "$@" <<CONFIGURATION
$users
CONFIGURATION

#!/bin/sh
# Copies an environment file from standard input to standard output, with 48 random hex digits for every secret that is empty.
set -eu
text=$(cat)
# Services take keys for tokens of one kind alone.
if printf '%s\n' "$text" | grep -qE '^JWT_(PUBLIC_KEY|JWKS_URL)="?[^"]'; then stays_empty=JWT_SECRET=; else stays_empty=; fi
printf '%s\n' "$text" | while IFS= read -r line; do
  case $line in
    \#* | "$stays_empty") printf '%s\n' "$line" ;;
    *_SECRET= | *_PASSWORD= | *_SECRET_KEY=)
      printf '%s%s\n' "$line" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done

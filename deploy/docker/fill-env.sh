#!/bin/sh
# Copies an environment file from standard input to standard output, with 48 random hex digits for every empty secret. With the
# file of an earlier version as argument, the values of that file are kept: fill-env.sh .env < .env.example > .env.new
# If no key for tokens is set, generates a pair (ES256): the public key for the services, and the private key, only for the
# application, in jwt-private-key.pem in the current folder.
set -eu
umask 077
private=jwt-private-key.pem
text=$(cat)
if [ $# -gt 0 ]; then
  if grep -qvE '^(#|$|[A-Z0-9_]+=)' "$1"; then
    echo "$1 has a line that is neither a comment nor NAME=value; in a value, \\n stands for a line's end" >&2
    exit 1
  fi
  had=$(grep -E '^[A-Z0-9_]+=' "$1")
  name_of() { printf '%s' "${1%%=*}"; }
  text=$(printf '%s\n' "$text" | while IFS= read -r line; do
    case $line in
      [A-Z]*=*) printf '%s\n' "$had" | grep "^$(name_of "$line")=" || printf '%s\n' "$line" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
  printf '%s\n' "$had" | while IFS= read -r line; do
    printf '%s\n' "$text" | grep -q "^$(name_of "$line")=" || printf '%s\n' "$line"
  done)
fi

public=
if ! printf '%s\n' "$text" | grep -qE '^JWT_(SECRET|PUBLIC_KEY|JWKS_URL)="?[^"]'; then
  command -v openssl > /dev/null || {
    echo 'openssl is needed to make a pair of keys for tokens; or give JWT_PUBLIC_KEY, JWT_JWKS_URL or JWT_SECRET' >&2
    exit 1
  }
  [ -e "$private" ] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$private"
  public=$(openssl pkey -in "$private" -pubout | while IFS= read -r line; do printf '%s\\n' "$line"; done)
fi
printf '%s\n' "$text" | while IFS= read -r line; do
  case $line in
    \#*) printf '%s\n' "$line" ;;
    JWT_PUBLIC_KEY= | 'JWT_PUBLIC_KEY=""') printf 'JWT_PUBLIC_KEY=%s\n' "${public:+\"$public\"}" ;;
    JWT_SECRET=) printf '%s\n' "$line" ;;
    *_SECRET= | *_PASSWORD= | *_SECRET_KEY=)
      printf '%s%s\n' "$line" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done

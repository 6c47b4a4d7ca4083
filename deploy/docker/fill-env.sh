#!/bin/sh
# Copies an environment file from standard input to standard output, with 48 random hex digits for every secret that is empty.
set -eu
while IFS= read -r line; do
  case $line in
    \#*) printf '%s\n' "$line" ;;
    *_SECRET= | *_PASSWORD= | *_SECRET_KEY=)
      printf '%s%s\n' "$line" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done

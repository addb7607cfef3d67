#!/usr/bin/env bash
# Fails and names the files that gofmt would change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Not `gofmt .`: it would walk into what npm and Python have installed.
unformatted=$(find . \( -name node_modules -o -name .cache \) -prune -o -name '*.go' -print0 |
  xargs -0 gofmt -l -s)
if [[ -n $unformatted ]]; then
  echo "gofmt -s -w would change:" >&2
  echo "$unformatted" >&2
  exit 1
fi

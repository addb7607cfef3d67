#!/usr/bin/env bash
# Fails if a generated file is not what `make gen` makes of the sources now. It compares with the
# files as they are and not with the last commit, so that it can be run before one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

page=server/internal/demo/page
generated=(man docs/errors.md server/internal/config/default.yaml "$page/usersig-web.js" "$page/usersig-web.LICENSES.txt")

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
for path in "${generated[@]}"; do
  if [[ ! -e $path ]]; then
    echo "$path is missing: run make gen and commit what it writes" >&2
    exit 1
  fi
  mkdir -p "$before/$(dirname "$path")"
  cp -R "$path" "$before/$path"
done

"${MAKE:-make}" --no-print-directory gen

stale=0
for path in "${generated[@]}"; do
  diff -ru "$before/$path" "$path" || stale=1
done
if ((stale)); then
  echo "generated files were stale; make gen has just rewritten them: commit the result" >&2
  exit 1
fi

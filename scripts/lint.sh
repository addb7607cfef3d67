#!/usr/bin/env bash
# Runs the linters over every module. A workspace would refuse -modfile, hence GOWORK=off.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

root=$PWD
for module in . server server/e2e; do
  echo "== lint $module"
  (cd "$module" && GOWORK=off go tool -modfile="$root/tools/go.mod" golangci-lint run ./...)
done

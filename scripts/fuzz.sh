#!/usr/bin/env bash
# Runs every fuzz target there is for FUZZTIME each (10s unless told otherwise; 1000x is a number of
# inputs), one at a time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fuzztime=${FUZZTIME:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# fuzz PACKAGE TARGET runs one target. The seeds run with the ordinary tests, hence -run '^$'.
fuzz() {
  go test -run '^$' -fuzz "^$2\$" -fuzztime "$fuzztime" "$1" 2>&1 | tee "$log"
}

count=0
for package in $(go list ./... ./server/...); do
  # Listed first, so that a package that does not build stops the run.
  listing=$(go test -list '^Fuzz' "$package")
  for target in $(grep '^Fuzz' <<<"$listing" || true); do
    echo "== $package $target"
    if ! fuzz "$package" "$target"; then
      # Go's fuzzer sometimes reports its own deadline as a failure when the machine is busy.
      # Such a run has found nothing: a finding always comes with a file written.
      if grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; then
        echo "== $package $target: the fuzzer overran its deadline; once more"
        fuzz "$package" "$target"
      else
        exit 1
      fi
    fi
    count=$((count + 1))
  done
done

if ((count == 0)); then
  echo "no fuzz target found" >&2
  exit 1
fi
echo "== $count fuzz targets, $fuzztime each, nothing found"

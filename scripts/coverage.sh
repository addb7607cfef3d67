#!/usr/bin/env bash
# Runs all tests under the race detector and fails if the library is not covered well enough.
# Any test may cover any package of the library; each package must reach the mark by itself.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

minimum=95.0
library=(usersig usersig/internal/wire usersig/internal/inflate usersig/internal/eckey usersig/internal/k256)

# -count=1: the interop tests run programs that Go's test cache knows nothing about.
go test -race -count=1 -covermode=atomic -coverprofile=coverage.out \
  -coverpkg="$(IFS=, && echo "${library[*]}")" ./...

# The profile has every block once per test binary: a block is covered if any of them ran it.
awk -v minimum="$minimum" -v library="${library[*]}" '
  NR > 1 {
    block = $1; statements[block] = $2; if ($3 > 0) covered[block] = 1
  }
  END {
    for (block in statements) {
      package = block; sub(/\/[^\/]*$/, "", package)
      total[package] += statements[block]
      if (block in covered) hit[package] += statements[block]
    }
    count = split(library, packages, " ")
    for (i = 1; i <= count; i++) {
      package = packages[i]
      if (!total[package]) { printf "coverage: %-28s no statements found\n", package; failed = 1; continue }
      share = 100 * hit[package] / total[package]
      verdict = ""
      if (share < minimum) { verdict = sprintf("  below %.1f%%", minimum); failed = 1 }
      printf "coverage: %-28s %5.1f%% (%d of %d statements)%s\n", \
        package, share, hit[package], total[package], verdict
    }
    exit failed
  }' coverage.out

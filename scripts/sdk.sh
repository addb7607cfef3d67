#!/usr/bin/env bash
# Builds the web SDK and puts it into the demo page: server/internal/demo/page/usersig-web.js. What
# it makes is committed, so that building the server takes Go alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../sdk/web"

if ! command -v npm >/dev/null; then
  echo "npm is missing: run scripts/setup.sh" >&2
  exit 1
fi
# Without scripts: the packages need none, and none shall run.
if ! cmp -s package-lock.json node_modules/.installed; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json node_modules/.installed
fi
npm run --silent build
cp dist/usersig-web.js dist/usersig-web.LICENSES.txt ../../server/internal/demo/page/

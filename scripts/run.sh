#!/usr/bin/env bash
# Starts usersigd on the folder data/ of this checkout, makes a first application if there is none,
# and says what to try. Ctrl-C ends it; the data stays for the next time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

data=${1:-data}
listen=${USERSIGD_LISTEN:-127.0.0.1:8080}
export USERSIG_SERVER=http://$listen USERSIG_TOKEN_FILE=$data/operator.token

USERSIGD_LISTEN=$listen bin/usersigd --data "$data" --init &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true' EXIT

until apps=$(bin/usersig app list --json 2>/dev/null); do
  kill -0 "$server" 2>/dev/null || exit 1 # it has said why
  sleep 0.1
done

if [[ $apps != *'"sdkappid"'* ]]; then
  apps=$(bin/usersig app create --name demo --custody hosted --json)
fi
app=$(grep -o '"sdkappid": *[0-9]*' <<<"$apps" | head -n 1 | tr -dc 0-9)

cat <<NEXT

usersigd answers at http://$listen, with application $app. In another terminal:

  export USERSIG_SERVER=http://$listen USERSIG_TOKEN_FILE=$data/operator.token

  bin/usersig sign --app $app --user alice > alice.sig       the server signs
  bin/usersig verify --app $app --user alice < alice.sig     its own verdict, not cryptography alone
  bin/usersig revoke --app $app --user alice
  bin/usersig verify --app $app --user alice < alice.sig     refused: 70052
  bin/usersig audit --app $app                               who did what

The API: http://$listen/docs. How to run it for real: docs/operations.md.
Ctrl-C ends the server; what is in $data stays.
NEXT
wait "$server"

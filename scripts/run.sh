#!/usr/bin/env bash
# Starts usersigd on the folder data/ of this checkout, makes a first application and a demo config
# if there is none, and ends with a URL: open it in two tabs, and you are in a call. Ctrl-C ends the
# server; the data stays for the next time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

data=${1:-data}
listen=${USERSIGD_LISTEN:-127.0.0.1:8080}
export USERSIG_SERVER=http://$listen USERSIG_TOKEN_FILE=$data/operator.token

demo=$data/demo-config.json
export USERSIGD_LISTEN=$listen USERSIGD_MEDIA_DEMO_CONFIG=$demo
bin/usersigd --data "$data" --init &
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

# Real UserSigs, for nobody else to read. New ones each time, so that none has ended.
(umask 077 && bin/usersig demo-config --app "$app" > "$demo.new")
mv "$demo.new" "$demo"
user=$(grep -o '"userId": *"[^"]*"' "$demo" | head -n 1 | cut -d '"' -f 4) # the first that the page offers

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

A call: open this in two tabs of a browser, and join in both.

  http://$listen/demo

Then end one of them from the other terminal, and see what its tab says:

  bin/usersig room list --app $app
  bin/usersig revoke --app $app --user $user

NEXT
wait "$server"

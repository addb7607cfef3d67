#!/usr/bin/env bash
# Starts usersigd on the folder data/ of this checkout, makes a first application and a demo config
# if there is none, and says at which URL a call is: open it in two tabs. Ctrl-C ends the server; the
# data stays for the next time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

data=${1:-data}
listen=${USERSIGD_LISTEN:-127.0.0.1:8080}
export USERSIG_SERVER=http://$listen USERSIG_TOKEN_FILE=$data/operator.token

# Another server on the same folder would answer for ours, until ours has given up.
if bin/usersig app list >/dev/null 2>&1; then
  echo "run: a server on $data answers at http://$listen already; end it first" >&2
  exit 1
fi

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

# Real UserSigs, for nobody else to read. New ones each time, so that none has ended. They are of the
# first application that can sign: it may be stopped, or its key killed, by what the manual teaches.
app='' user=Web_trtc_01
for app in $(grep -o '"sdkappid": *[0-9]*' <<<"$apps" | tr -dc '0-9\n'); do
  (umask 077 && bin/usersig demo-config --app "$app" > "$demo.new" 2> "$demo.why") && break
done
if [[ -s $demo.new ]]; then
  mv "$demo.new" "$demo"
  user=$(grep -o '"userId": *"[^"]*"' "$demo" | head -n 1 | cut -d '"' -f 4) # the first that the page offers
else
  echo "run: no demo config, because no application can sign: $(cat "$demo.why")" >&2
  rm -f "$demo" "$demo.new"
fi
rm -f "$demo.why"

cat <<NEXT

usersigd answers at http://$listen, with application $app. In another terminal:

  cd '$PWD'
  export USERSIG_SERVER=http://$listen USERSIG_TOKEN_FILE=$data/operator.token

  # the server signs, and gives its own verdict, which is not cryptography alone
  bin/usersig sign --app $app --user alice > $data/alice.sig
  bin/usersig verify --app $app --user alice < $data/alice.sig

  # refused from now on: 70052
  bin/usersig revoke --app $app --user alice
  bin/usersig verify --app $app --user alice < $data/alice.sig

  # who did what
  bin/usersig audit --app $app

The API: http://$listen/docs. How to run it for real: docs/operations.md.
Ctrl-C ends the server; what is in $data stays.

When a call is on, this ends it for one of the two, who is refused until the next make run:

  bin/usersig room list --app $app
  bin/usersig revoke --app $app --user $user

A call: open this in two tabs of a browser, and join in both.

  http://$listen/demo

NEXT
wait "$server"

#!/usr/bin/env bash
# A walk for a newcomer: real keys and a real token in a folder that is removed at the end. Each
# command is shown before it runs, and each must end as it should.
set -euo pipefail

usersig=$(realpath "${1:?usage: tour.sh PATH-OF-USERSIG}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

usersig() { "$usersig" "$@"; }

# Colours are for terminals.
bold='' dim='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

say() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }

# step STATUS COMMAND shows the command, runs it, and stops the tour if it ends otherwise.
step() {
  local want=$1 got=0
  printf '%s$ %s%s\n' "$dim" "$2" "$plain"
  eval "$2" || got=$?
  if ((got != want)); then
    printf 'the tour stops here: exit status %d where %d was due\n' "$got" "$want" >&2
    exit 3
  fi
}

say "1. A key pair. The private key signs and stays with you; the public key verifies."
step 0 "usersig keygen --dir keys"

say "2. A UserSig: alice may use application 1400000000 for a day."
step 0 "usersig sign --app 1400000000 --user alice --key keys/private_key --ttl 24h > alice.sig"
step 0 "cat alice.sig"

say "3. Whoever has the public key can check it."
step 0 "usersig verify --app 1400000000 --user alice --key keys/public_key < alice.sig"

say "4. It proves alice and nobody else. A refusal has a code and says what to do."
step 1 "usersig verify --explain --app 1400000000 --user bob --key keys/public_key < alice.sig"

say "5. The field's commonest mistake is the key of another application."
step 0 "usersig keygen --dir other"
step 1 "usersig verify --explain --app 1400000000 --user alice --key other/public_key < alice.sig"

say "6. A PrivateMapKey says what alice may do in one room."
step 0 "usersig sign --app 1400000000 --user alice --key keys/private_key --ttl 5m --room 1001 --allow audience > room.sig"
step 0 "usersig verify --app 1400000000 --user alice --key keys/public_key --purpose privatemapkey --room 1001 < room.sig"

say "The keys and tokens of this tour are gone now. To go on:"
cat <<'NEXT'
  bin/usersig keygen --dir my-keys          keys of your own
  bin/usersig inspect TOKEN                 what a token says, unchecked
  bin/usersig sign --help                   every verb teaches itself
  make test                                 the proof; see README.md for the library
NEXT

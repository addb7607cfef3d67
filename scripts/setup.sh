#!/usr/bin/env bash
# Makes a fresh machine ready and is silent on one that is. `setup.sh go` looks at Go only.
#
# On Debian and its relatives what is missing is installed with apt-get; elsewhere it is named and
# the script fails. What the interop tests take from the npm and Python registries they install
# themselves.
set -euo pipefail

# check_go fails unless Go is here and is, or may fetch, the version in go.mod.
check_go() {
  if ! command -v go >/dev/null; then
    echo "Go is missing: install Go 1.26 or later (https://go.dev/doc/install) and put it on PATH" >&2
    return 1
  fi
  # Asked outside any module, for inside one an old go command would try to fetch the new one.
  local version major minor
  version=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
  IFS=. read -r major minor _ <<<"${version#go}"
  minor=${minor%%[!0-9]*}
  if ((major > 1 || minor >= 26)); then return; fi
  if ((minor >= 21)) && [[ $(go env GOTOOLCHAIN) != local ]]; then return; fi
  echo "$version is too old: install Go 1.26 or later (https://go.dev/doc/install)," >&2
  echo "or Go 1.21 or later without GOTOOLCHAIN=local, which then fetches 1.26 by itself" >&2
  return 1
}

# missing_packages prints the Debian package of everything that is not here.
missing_packages() {
  command -v cc >/dev/null || echo gcc libc6-dev # the race detector is linked with C
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
  command -v python3 >/dev/null || echo python3
  python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
  command -v openssl >/dev/null || echo openssl
  # The server's tests start PostgreSQL and Redis themselves, and run a client in each of five languages.
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || echo postgresql
  command -v redis-server >/dev/null || echo redis-server
  command -v javac >/dev/null || echo default-jdk-headless
  command -v php >/dev/null || echo php-cli
  ! command -v php >/dev/null || php -m | grep -qx curl || echo php-curl
  command -v g++ >/dev/null || echo g++
  command -v curl >/dev/null || echo curl
  command -v nsenter >/dev/null || echo util-linux
  command -v mount >/dev/null || echo mount
  command -v jq >/dev/null || echo jq
  command -v curl-config >/dev/null || echo libcurl4-openssl-dev
  command -v unzip >/dev/null || echo unzip
  command -v sqlite3 >/dev/null || echo sqlite3
  command -v git >/dev/null || echo git
  missing_for_calls
  # Without root certificates nothing can be fetched; only Debian may come without them.
  [[ ! -d /var/lib/dpkg || -s /etc/ssl/certs/ca-certificates.crt ]] || echo ca-certificates
}

# missing_for_calls does so for the tests of whole calls, which drive a browser, a TURN server and an
# RTMP server with its clients.
missing_for_calls() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || echo chromium
  command -v turnserver >/dev/null || echo coturn
  command -v nginx >/dev/null || [[ -x /usr/sbin/nginx ]] || echo nginx
  compgen -G '/usr/lib*/nginx/modules/ngx_rtmp_module.so' >/dev/null || echo libnginx-mod-rtmp
  command -v ffmpeg >/dev/null || echo ffmpeg
}

# as_root runs a command as root, by sudo if need be.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "neither root nor sudo: as root, run: $*" >&2
    return 1
  fi
}

install_missing() {
  local packages
  # shellcheck disable=SC2207 # names of packages have no spaces; mapfile is not in macOS's bash
  packages=($(missing_packages))
  if ((${#packages[@]} == 0)); then return; fi
  if ! command -v apt-get >/dev/null; then
    echo "missing (by the names of Debian's packages): ${packages[*]}" >&2
    echo "install them with your system's package manager" >&2
    check_go || true # so that all that is missing is named at once
    return 1
  fi
  echo "installing ${packages[*]}" >&2
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${packages[@]}"
  if [[ -n $(missing_packages) ]]; then
    echo "still missing after the installation: $(missing_packages | xargs)" >&2
    return 1
  fi
}

what=${1:-all}
case $what in
  go) check_go ;;
  all)
    install_missing
    check_go
    ;;
  *)
    echo "usage: setup.sh [go|all]" >&2
    exit 2
    ;;
esac

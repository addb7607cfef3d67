package quickstart_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"usersig/server/internal/store/pgtest"
)

// The commands of systemd that the manual names, for one unit: usersigd, which are two
// nodes on one machine if it has a store that nodes share. What they do is what the
// unit in deploy/systemd does: the drop-ins' environment and credentials, SIGHUP,
// SIGTERM, and a start that waits until the server says that it serves.
const systemctl = `#!/usr/bin/env bash
set -euo pipefail
read_dropins() {
  set -a
  for f in "$DROPINS"/*.conf; do
    [[ -e $f ]] || continue
    while IFS= read -r line; do
      case $line in
        Environment=*) line=${line#Environment=}; eval "${line//%d/$CREDENTIALS}" ;;
        LoadCredential=*) line=${line#LoadCredential=}; cp "${line#*:}" "$CREDENTIALS/${line%%:*}" ;;
      esac
    done < "$f"
  done
  set +a
}
start() { # NODE ADDRESS
  if [[ -z ${USERSIGD_STORE_FILE:-} ]]; then export USERSIGD_MEDIA_UDP_PORT=$MEDIA; fi
  mkdir -p "$RUN"; : > "$RUN/$1.log"
  USERSIGD_LISTEN=$2 "$BIN/usersigd" --data "$STATE" 2>> "$RUN/$1.log" > /dev/null &
  echo $! > "$RUN/$1.pid"
  if ! grep -q -m1 'msg=serving' <(tail -n +1 -f --pid=$! "$RUN/$1.log"); then cat "$RUN/$1.log" >&2; exit 1; fi
}
each() { local pid; for pid in "$RUN"/*.pid; do [[ ! -e $pid ]] || "$@" "$pid"; done; }
stop() { local pid; pid=$(cat "$1"); kill "$pid"; tail -f --pid="$pid" /dev/null; rm "$1"; }
reload() { local pid log seen; pid=$(cat "$1"); log=${1%.pid}.log; seen=$(wc -l < "$log"); kill -HUP "$pid"
  grep -q -m1 'configuration was read again' <(tail -n +$((seen + 1)) -f --pid="$pid" "$log"); }
case $1 in
  start) read_dropins; start 1 "$FIRST"
    if [[ -n ${USERSIGD_STORE_FILE:-} ]]; then USERSIGD_METRICS_LISTEN='' start 2 "$SECOND"; fi ;;
  stop) each stop ;;
  restart) "$0" stop usersigd; "$0" start usersigd ;;
  reload) each reload ;;
  daemon-reload) ;;
  *) echo "no such command" >&2; exit 2 ;;
esac
`

const systemdRun = `#!/usr/bin/env bash
set -euo pipefail
while [[ $1 == -* ]]; do
  if [[ $1 == -p ]]; then
    case $2 in LoadCredential=*) c=${2#LoadCredential=}; cp "${c#*:}" "$CREDENTIALS/${c%%:*}" ;; esac
    shift
  fi
  shift
done
CREDENTIALS_DIRECTORY=$CREDENTIALS exec "$@"
`

// machine is where the manual's places are in a test.
type machine struct {
	root, home  string
	first, next string // the nodes' addresses
	media       string // the UDP port of the first
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{root: t.TempDir(), first: freeAddress(t), next: freeAddress(t), media: freeUDP(t)}
	m.home = filepath.Join(m.root, "home")
	for _, dir := range []string{"home", "bin", "run", "credentials", "var/lib", "etc/usersigd/tls", "etc/usersigd/acme", "etc/usersigd/proxy",
		"etc/usersigd/signer", "etc/prometheus/rules", "dropins"} {
		if err := os.MkdirAll(filepath.Join(m.root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeCertificate(t, m.path("etc/usersigd/tls.crt"), m.path("etc/usersigd/tls.key"))
	server := read(t, filepath.Join(programs(t), "usersigd"))
	for path, text := range map[string]string{
		"bin/usersigd": server, "home/usersigd.new": server, "bin/systemctl": systemctl, "bin/systemd-run": systemdRun,
	} {
		if err := os.WriteFile(filepath.Join(m.root, path), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		cmd := exec.Command(m.path("bin/systemctl"), "stop", "usersigd")
		cmd.Env = append(os.Environ(), m.environ()...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("stop: %v\n%s", err, out)
		}
	})
	return m
}

func (m *machine) path(name string) string { return filepath.Join(m.root, name) }

func (m *machine) environ() []string {
	return []string{
		"PATH=" + m.path("bin") + ":" + os.Getenv("PATH"), "BIN=" + m.path("bin"), "RUN=" + m.path("run"),
		"STATE=" + m.path("var/lib/usersigd"), "DROPINS=" + m.path("dropins"), "CREDENTIALS=" + m.path("credentials"),
		"FIRST=" + m.first, "SECOND=" + m.next, "MEDIA=" + m.media,
	}
}

// database makes an empty database, notes its password where PostgreSQL's programs look
// for it, and returns its URL without.
func (m *machine) database(t *testing.T, file string) string {
	t.Helper()
	text := pgtest.URL(t)
	write(t, filepath.Join(m.home, file), text+"\n")
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(m.home, ".pgpass"), fmt.Sprintf("%s:%s:*:%s:%s\n", u.Hostname(), u.Port(), u.User.Username(), pgtest.Password(t, text)))
	u.User = url.User(u.User.Username())
	return u.String()
}

// TestOperations runs every command of the manual, from a first start to a lost KEK.
func TestOperations(t *testing.T) {
	t.Parallel()
	for program, pkg := range map[string]string{
		"curl": "curl", "jq": "jq", "unzip": "unzip", "sqlite3": "sqlite3", "pg_dump": "postgresql-client", "pg_restore": "postgresql-client",
	} {
		need(t, program, pkg)
	}
	m := newMachine(t)
	s := &session{folder: m.home, environ: m.environ()}
	s.replace = strings.NewReplacer(
		"127.0.0.1:8080", m.first, "10.0.0.1:8080", m.first, "10.0.0.2:8080", m.next,
		"127.0.0.1:8081", freeAddress(t), "127.0.0.1:9090", freeAddress(t),
		"/var/lib/usersigd", m.path("var/lib/usersigd"), "/etc/usersigd", m.path("etc/usersigd"), "/etc/prometheus", m.path("etc/prometheus"),
		"/etc/systemd/system/usersigd.service.d", m.path("dropins"), "/usr/bin/usersigd", m.path("bin/usersigd"),
		"postgres://usersig@db.example.org/usersig", m.database(t, "store"), "postgres://usersig@db.example.org/restored", m.database(t, "store.restored"),
	)
	s.run(t, "operations.md")
	m.checkDone(t)
}

// checkDone looks at what the manual has led to: that commands succeed is not enough.
func (m *machine) checkDone(t *testing.T) {
	t.Helper()
	var got []string
	for line := range strings.Lines(read(t, filepath.Join(m.home, "audit.jsonl"))) {
		if act := regexp.MustCompile(`"action":"([^"]+)".*"outcome":"done"`).FindStringSubmatch(line); act != nil {
			got = append(got, act[1])
		}
	}
	want := []string{
		"app.create", "apikey.create", "key.rotate", "key.rotate", "key.rotate", "key.kill", "apikey.create", "apikey.delete",
		"user.revoke", "user.block", "user.unblock", "app.update",
	}
	if n := len(got) - len(want); n < 0 || !slices.Equal(got[n:], want) {
		t.Errorf("the audit log ends with %q, want %q", got, want)
	}
	online := filepath.Join(m.home, "online.db")
	if out, err := exec.Command("sqlite3", online, "SELECT seq FROM head").CombinedOutput(); err != nil || strings.TrimSpace(string(out)) == "0" {
		t.Errorf("SQLite's own backup has the head %q (%v)", out, err)
	}
}

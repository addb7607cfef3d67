package daemon

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/custody"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/pgtest"
)

// TestFromEmptyToRestart: init, an application, a token, a restart, and the token is
// still good.
func TestFromEmptyToRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	d := start(t, fresh(t, dir), Options{})
	if made := len(d.Made()); made != 3 {
		t.Errorf("made %d things: %v", made, d.Made())
	}
	app := d.hosted()
	token := d.issue(app, "alice")
	if !d.good(app, "alice", token) || d.good(app, "bob", token) {
		t.Error("the verdict on a new token is wrong")
	}
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}

	again := start(t, configure(t, func(c *config.Config) { c.Data = dir }), Options{})
	if len(again.Made()) != 0 {
		t.Errorf("a restart made %v", again.Made())
	}
	if !again.good(app, "alice", token) {
		t.Error("the token is not good after a restart")
	}
	if revoked := again.must("POST", app+"/users/alice/revoke", nil); revoked["userid"] != "alice" || again.good(app, "alice", token) {
		t.Error("the token is good after it was revoked")
	}
	if strings.Contains(d.log.String()+again.log.String(), d.token) {
		t.Error("the operator's credential is in the log")
	}
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestInitModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	start(t, fresh(t, dir), Options{})
	if got := modeOf(t, dir); got != 0o700 {
		t.Errorf("the folder has mode %o", got)
	}
	for _, name := range []string{databaseFile, kekFile, tokenFile} {
		if got := modeOf(t, filepath.Join(dir, name)); got != 0o600 {
			t.Errorf("%s has mode %o", name, got)
		}
	}
}

// TestInitTwice: what is there is not touched.
func TestInitTwice(t *testing.T) {
	dir := t.TempDir()
	read := func() (all string) {
		for _, name := range []string{kekFile, tokenFile} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all += string(text)
		}
		return all
	}
	open(t, fresh(t, dir))
	first := read()
	if s := open(t, fresh(t, dir)); len(s.Made) != 0 || read() != first {
		t.Errorf("a second init made %v", s.Made)
	}
	// An operator who keeps the credential elsewhere does not get another.
	if err := os.Remove(filepath.Join(dir, tokenFile)); err != nil {
		t.Fatal(err)
	}
	if s := open(t, fresh(t, dir)); len(s.Made) != 0 {
		t.Errorf("an init after the credential was taken away made %v", s.Made)
	}
}

// open opens a state and closes it.
func open(t *testing.T, cfg *config.Config) *State {
	t.Helper()
	s, err := OpenState(t.Context(), cfg, Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestInitInterrupted: a credential that was made and not written down is made again.
func TestInitInterrupted(t *testing.T) {
	dir := t.TempDir()
	open(t, fresh(t, dir))
	write(t, filepath.Join(dir, tokenFile), "")
	if s := open(t, fresh(t, dir)); len(s.Made) != 1 {
		t.Errorf("made %v", s.Made)
	}
	d := start(t, fresh(t, dir), Options{})
	if me := d.must("GET", "/v1/me", nil); me["scopes"] == nil {
		t.Errorf("the second credential does not work: %v", me)
	}
}

// TestInitBesideOldCredential: a credential of another store would let nobody in.
func TestInitBesideOldCredential(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, tokenFile)
	write(t, path, "usk_of_another_store\n")
	refused(t, fresh(t, dir), "move \""+path+"\" away")
	refused(t, fresh(t, dir), "move \""+path+"\" away")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "nowhere"), path); err != nil {
		t.Fatal(err)
	}
	refused(t, fresh(t, dir), "move \""+path+"\" away")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	d := start(t, fresh(t, dir), Options{})
	if me := d.must("GET", "/v1/me", nil); me["scopes"] == nil {
		t.Errorf("the credential does not work: %v", me)
	}
}

// TestInitAtOnce: two machines make the state of one PostgreSQL. Each has made a KEK when
// it meets the other; one of them is the store's, and the other must not stay.
func TestInitAtOnce(t *testing.T) {
	url := pgtest.URL(t)
	var met, ended sync.WaitGroup
	met.Add(2)
	dirs, states, errs := [2]string{t.TempDir(), t.TempDir()}, [2]*State{}, [2]error{}
	for i, dir := range dirs {
		cfg := configure(t, func(c *config.Config) { c.Data, c.Store, c.StoreURL, c.Init = dir, url, url, true })
		ended.Go(func() {
			states[i], errs[i] = OpenState(t.Context(), cfg, Options{}, func(s issuer.Store) issuer.Store {
				met.Done()
				met.Wait()
				return s
			})
		})
	}
	ended.Wait()
	winner, loser := 0, 1
	if errs[0] != nil {
		winner, loser = 1, 0
	}
	if errs[winner] != nil || errs[loser] == nil || !strings.Contains(errs[loser].Error(), "another init was faster") {
		t.Fatalf("the inits: %v, %v", errs[0], errs[1])
	}
	if err := states[winner].Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dirs[loser]); len(left) != 0 || err != nil {
		t.Errorf("the slower one left %v, %v", left, err)
	}
	refused(t, configure(t, func(c *config.Config) { c.Data, c.Store, c.StoreURL, c.Init = dirs[loser], url, url, true }), "KEK file")
	kek, err := os.ReadFile(filepath.Join(dirs[winner], kekFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dirs[loser], kekFile), string(kek))
	for _, dir := range dirs {
		open(t, configure(t, func(c *config.Config) { c.Data, c.Store, c.StoreURL = dir, url, url }))
	}
}

// refused fails unless the state cannot be opened, for a reason that says text.
func refused(t *testing.T, cfg *config.Config, text string) {
	t.Helper()
	s, err := OpenState(t.Context(), cfg, Options{}, nil)
	if err == nil || s != nil || !strings.Contains(err.Error(), text) {
		t.Errorf("OpenState = %v, %v, want %q", s, err, text)
	}
}

func TestStateRefused(t *testing.T) {
	empty, missing := t.TempDir(), filepath.Join(t.TempDir(), "missing")
	for _, dir := range []string{empty, missing} {
		refused(t, configure(t, func(c *config.Config) { c.Data = dir }), "--init")
	}
	if left, _ := os.ReadDir(empty); len(left) != 0 {
		t.Errorf("a refused folder has %v in it", left)
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused folder was made: %v", err)
	}

	file := write(t, filepath.Join(t.TempDir(), "file"), "")
	refused(t, fresh(t, file), "not a directory")

	lost := t.TempDir()
	open(t, fresh(t, lost))
	if err := os.Remove(filepath.Join(lost, kekFile)); err != nil {
		t.Fatal(err)
	}
	refused(t, fresh(t, lost), "KEK file")
	refused(t, configure(t, func(c *config.Config) { c.Data = lost }), "KEK file")
}

// TestHalfInitialised: a store without the record of the operators would serve and let
// no operator in.
func TestHalfInitialised(t *testing.T) {
	dir := t.TempDir()
	cfg := fresh(t, dir)
	store, err := openStore(t.Context(), cfg, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(store.Close(), custody.CreateFile(cfg.DataFile(kekFile))); err != nil {
		t.Fatal(err)
	}
	refused(t, configure(t, func(c *config.Config) { c.Data = dir }), "start once with --init")
	open(t, cfg)
}

// TestPostgres: two nodes, of which one has the KEK of the other and no init.
func TestPostgres(t *testing.T) {
	url := pgtest.URL(t)
	here, there := t.TempDir(), t.TempDir()
	at := func(dir string, init bool) *config.Config {
		return configure(t, func(c *config.Config) { c.Data, c.Store, c.StoreURL, c.Init = dir, url, url, init })
	}
	refused(t, at(there, false), "init")
	first := start(t, at(here, true), Options{})
	app := first.hosted()
	token := first.issue(app, "alice")

	// A KEK of its own would seal keys that the first node cannot open.
	refused(t, at(there, true), "KEK file")
	kek, err := os.ReadFile(filepath.Join(here, kekFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(there, kekFile), string(kek))
	second := start(t, at(there, true), Options{})
	if len(second.Made()) != 0 {
		t.Errorf("the second node made %v", second.Made())
	}
	second.token = first.token
	if !second.good(app, "alice", token) {
		t.Error("the second node refuses the first one's token")
	}
	if err := Backup(t.Context(), at(here, false), filepath.Join(here, "backup")); !errors.Is(err, ErrUsePgDump) {
		t.Errorf("Backup = %v", err)
	}
	n := 0
	if err := Entries(t.Context(), at(here, true), func(audit.Entry) error { n++; return nil }); err != nil || n == 0 {
		t.Errorf("Entries: %d, %v", n, err)
	}
	if n, err := second.state.Rewrap(t.Context(), second.opts.Clock); n != 0 || err != nil {
		t.Errorf("Rewrap with nothing to do = %d, %v", n, err)
	}
}

func TestBackupAndEntries(t *testing.T) {
	dir := t.TempDir()
	d := start(t, fresh(t, dir), Options{})
	app := d.hosted()
	token := d.issue(app, "alice")
	restored := filepath.Join(t.TempDir(), "restored")
	if err := os.Mkdir(restored, 0o700); err != nil {
		t.Fatal(err)
	}
	// Beside the running server.
	cfg := configure(t, func(c *config.Config) { c.Data = dir })
	if err := Backup(t.Context(), cfg, filepath.Join(restored, databaseFile)); err != nil {
		t.Fatal(err)
	}
	if err := Backup(t.Context(), cfg, filepath.Join(restored, databaseFile)); err == nil {
		t.Error("a backup overwrites a file")
	}
	var check audit.Checker
	if err := Entries(t.Context(), cfg, check.Next); err != nil {
		t.Fatal(err)
	}
	if seq, _ := check.Head(); seq < 4 {
		t.Errorf("only %d entries", seq)
	}
	stop := errors.New("stop")
	if err := Entries(t.Context(), cfg, func(audit.Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Entries = %v", err)
	}
	kek, err := os.ReadFile(filepath.Join(dir, kekFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(restored, kekFile), string(kek))
	again := start(t, configure(t, func(c *config.Config) { c.Data = restored }), Options{})
	again.token = d.token
	if !again.good(app, "alice", token) {
		t.Error("what was restored refuses the token")
	}
	none := configure(t, func(c *config.Config) { c.Data = t.TempDir() })
	if err := Backup(t.Context(), none, filepath.Join(t.TempDir(), "b")); err == nil {
		t.Error("a backup of nothing is no error")
	}
	if err := Entries(t.Context(), none, check.Next); err == nil {
		t.Error("the log of nothing is no error")
	}
}

// TestOpenFails: what was opened before the failure is closed, so that a second try is
// not in its way.
func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, change := range map[string]func(*config.Config){
		"port":         func(c *config.Config) { c.Listen = taken.Addr().String() },
		"metrics port": func(c *config.Config) { c.Metrics.Listen = taken.Addr().String() },
		"certificate":  func(c *config.Config) { c.TLS.Cert, c.TLS.Key = "nosuch", "nosuch" },
		"ACME root": func(c *config.Config) {
			c.TLS.ACME.Domains, c.TLS.ACME.AcceptTerms, c.TLS.ACME.RootFile = []string{"a.example.org"}, true, "nosuch"
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := configure(t, func(c *config.Config) { c.Data, c.Init = dir, true; change(c) })
			if d, err := Open(t.Context(), cfg, Options{}); err == nil || d != nil {
				t.Errorf("Open = %v, %v", d, err)
			}
		})
	}
	open(t, fresh(t, dir))
}

func TestMetrics(t *testing.T) {
	d := start(t, fresh(t, t.TempDir()), Options{Version: "v1.2.3"})
	d.issue(d.hosted(), "alice")
	d.text("GET", "/nosuch/secret-path", nil)
	status, text := d.text("GET", "/metrics", nil)
	if status != http.StatusOK {
		t.Fatalf("/metrics = %d", status)
	}
	for _, want := range []string{
		`usersig_outcomes_total{outcome="ok",route="POST /v1/apps/{sdkappid}/usersigs"} 1`,
		`usersig_outcomes_total{outcome="not_found",route="none"} 1`,
		`usersig_keys{state="signing"} 1`, `usersig_keys{state="dead"} 0`, `usersig_apps{state="running"} 1`,
		`usersig_build_info{version="v1.2.3"} 1`, "usersig_snapshot_age_seconds ", "usersig_store_commit_duration_seconds_count ",
		"usersig_store_commit_failures_total 0", "go_goroutines ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %q", want)
		}
	}
	for _, not := range []string{"alice", "secret-path", "1400000000"} {
		if strings.Contains(text, not) {
			t.Errorf("the metrics have %q", not)
		}
	}
	// A proxy on the same machine would show them to the world.
	req, _ := http.NewRequest(http.MethodGet, d.base+"/metrics", nil)
	req.Header.Set("X-Forwarded-For", "192.0.2.1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("/metrics through a proxy = %d", resp.StatusCode)
	}
}

func TestMetricsApart(t *testing.T) {
	dir := t.TempDir()
	d := start(t, configure(t, func(c *config.Config) { c.Data, c.Init, c.Metrics.Listen = dir, true, "127.0.0.1:0" }), Options{})
	if status, _ := d.text("GET", "/metrics", nil); status != http.StatusNotFound {
		t.Errorf("/metrics beside the API = %d", status)
	}
	resp, err := http.Get("http://" + d.MetricsAddr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); !strings.Contains(string(text), "usersig_snapshot_age_seconds") {
		t.Errorf("the metrics are %.100q", text)
	}
}

// TestMetricsAbroad: an address that is not loopback does not serve them.
func TestMetricsAbroad(t *testing.T) {
	dir := t.TempDir()
	d := start(t, configure(t, func(c *config.Config) {
		c.Data, c.Init, c.Listen, c.AllowPlainHTTP = dir, true, "0.0.0.0:0", true
	}), Options{})
	_, port, _ := net.SplitHostPort(d.Addr().String())
	d.base = "http://127.0.0.1:" + port
	if status, _ := d.text("GET", "/metrics", nil); status != http.StatusNotFound {
		t.Errorf("/metrics = %d", status)
	}
	if d.MetricsAddr() != nil {
		t.Error("the metrics have an address")
	}
}

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usersig/server/internal/store/pgtest"
)

// kept is what must be the same after a restore or an upgrade.
type kept struct {
	App     string
	Keys    []any
	Good    string // a token of alice's
	Revoked string // one of bob's
	Blocked string // one of carol's
	Old     string // one of dora's, of a key that was rotated away
}

// keep makes a state that has something of everything.
func keep(t *testing.T, c *client, app string) kept {
	t.Helper()
	k := kept{App: app}
	const fiftyYears = 1576800000
	issue := func(user string) string {
		return c.must(t, "POST", app+"/usersigs", object{"userid": user, "ttl": fiftyYears})["usersig"].(string)
	}
	k.Old = issue("dora")
	c.must(t, "POST", app+"/keys/rotate", object{"overlap": fiftyYears, "reason": "yearly"})
	k.Good, k.Revoked, k.Blocked = issue("alice"), issue("bob"), issue("carol")
	c.must(t, "POST", app+"/users/bob/revoke", nil)
	c.must(t, "PUT", app+"/users/carol/block", object{"until": "2099-01-01T00:00:00Z"})
	k.Keys = c.must(t, "GET", app+"/keys", nil)["keys"].([]any)
	return k
}

// check compares a state with what was kept.
func (k *kept) check(t *testing.T, c *client) {
	t.Helper()
	keys := c.must(t, "GET", k.App+"/keys", nil)["keys"].([]any)
	if len(keys) != len(k.Keys) {
		t.Fatalf("%s has %d keys, want %d", k.App, len(keys), len(k.Keys))
	}
	for i, key := range keys {
		for name, want := range k.Keys[i].(object) { // a newer version may say more
			if got := key.(object)[name]; got != want {
				t.Errorf("%s: %s of key %d is %v, want %v", k.App, name, i, got, want)
			}
		}
	}
	for _, token := range []struct{ user, text, want string }{
		{"alice", k.Good, "ok"}, {"dora", k.Old, "ok"}, {"bob", k.Revoked, "revoked"}, {"carol", k.Blocked, "blocked"},
	} {
		if got := c.verdict(t, k.App, token.user, token.text); got != token.want {
			t.Errorf("%s: the token of %s is %s, want %s", k.App, token.user, got, token.want)
		}
	}
	// It still signs, too.
	if got := c.verdict(t, k.App, "bob", c.issue(t, k.App, "bob")); got != "ok" {
		t.Errorf("%s: a new token is %s", k.App, got)
	}
}

// longLived are settings that let tokens live for as long as these tests are kept.
var longLived = object{"max_ttl": 1576800000}

func withScheme(scheme string) object {
	s := object{"scheme": scheme}
	for name, value := range longLived {
		s[name] = value
	}
	return s
}

// busy writes before, while and after f runs.
func busy(t *testing.T, d *daemon, credential, app string, f func()) {
	t.Helper()
	w, stop, acks := newWriter(0, t.Errorf), make(chan struct{}), new(atomic.Int64)
	w.api, w.ack = d.client(credential), func() { acks.Add(1) }
	var all sync.WaitGroup
	all.Go(func() { w.write(app, stop) })
	eventually(t, time.Minute, "the first writes", func() bool { return acks.Load() > 10 })
	before := acks.Load()
	f()
	during := acks.Load() - before
	close(stop)
	all.Wait()
	if during == 0 {
		t.Error("nothing was written meanwhile, so this was no test of a busy server")
	}
	t.Logf("%d writes were acknowledged meanwhile", during)
}

// TestBackupSQLite: a backup that was made while the server was at work is, in a new
// folder, the state of one moment.
func TestBackupSQLite(t *testing.T) {
	n := made(t)
	d := n.start()
	c := d.client(n.operator())
	ecdsa := keep(t, c, c.hosted(t, longLived))
	hmac := keep(t, c, c.hosted(t, withScheme("hmac")))
	own := c.must(t, "POST", "/v1/apps", object{"name": "own key"})["key"].(object)
	head := n.verifyAudit("")
	shared := c.hosted(t, nil)

	restored := newNode(t)
	file := filepath.Join(t.TempDir(), "backup.db")
	busy(t, d, n.operator(), shared, func() { n.must("backup", file) })
	if _, stderr, err := n.run("backup", file); err == nil {
		t.Errorf("a backup overwrote another: %s", stderr)
	}
	d.kill() // the machine is lost

	if err := os.Mkdir(restored.data, 0o700); err != nil {
		t.Fatal(err)
	}
	move(t, file, filepath.Join(restored.data, "usersig.db"))
	move(t, filepath.Join(n.data, "kek"), filepath.Join(restored.data, "kek"))
	restored.verifyAudit(head)
	again := restored.start()
	c = again.client(n.operator())
	ecdsa.check(t, c)
	hmac.check(t, c)
	list := c.must(t, "GET", "/v1/apps/1400000002/keys", nil)["keys"].([]any)
	if fmt.Sprint(list[0]) != fmt.Sprint(own) {
		t.Errorf("the key that is not hosted is %v, want %v", list[0], own)
	}
	again.stop()
	restored.verifyAudit(head)
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// TestBackupPostgres does the same with PostgreSQL's own tools, as documented.
func TestBackupPostgres(t *testing.T) {
	from, to := pgtest.URL(t), pgtest.URL(t)
	n := made(t, onPostgres(from))
	d := n.start()
	c := d.client(n.operator())
	ecdsa := keep(t, c, c.hosted(t, longLived))
	hmac := keep(t, c, c.hosted(t, withScheme("hmac")))
	head := n.verifyAudit("")
	shared := c.hosted(t, nil)

	file := filepath.Join(t.TempDir(), "usersig.dump")
	busy(t, d, n.operator(), shared, func() {
		tool(t, "pg_dump", "--format=custom", "--schema=usersig", "--file="+file, "--dbname="+from)
	})
	d.kill()
	tool(t, "pg_restore", "--exit-on-error", "--dbname="+to, file)

	restored := newNode(t, onPostgres(to), fmt.Sprintf("kek: %q", filepath.Join(n.data, "kek")))
	restored.verifyAudit(head)
	again := restored.start()
	c = again.client(n.operator())
	ecdsa.check(t, c)
	hmac.check(t, c)
	again.stop()
	restored.verifyAudit(head)
}

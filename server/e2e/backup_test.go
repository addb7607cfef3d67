package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"usersig/server/internal/store/pgtest"
)

// kept is what must be the same after a restore or an upgrade.
type kept struct {
	app     string
	keys    []any
	good    string // a token of alice's
	revoked string // one of bob's
	blocked string // one of carol's
	old     string // one of dora's, of a key that was rotated away
}

// keep makes a state that has something of everything.
func keep(t *testing.T, c *client, app string) kept {
	t.Helper()
	k := kept{app: app}
	const fiftyYears = 1576800000
	issue := func(user string) string {
		return c.must(t, "POST", app+"/usersigs", object{"userid": user, "ttl": fiftyYears})["usersig"].(string)
	}
	k.old = issue("dora")
	c.must(t, "POST", app+"/keys/rotate", object{"overlap": fiftyYears, "reason": "yearly"})
	k.good, k.revoked, k.blocked = issue("alice"), issue("bob"), issue("carol")
	c.must(t, "POST", app+"/users/bob/revoke", nil)
	c.must(t, "PUT", app+"/users/carol/block", object{"until": "2099-01-01T00:00:00Z"})
	k.keys = c.must(t, "GET", app+"/keys", nil)["keys"].([]any)
	return k
}

// check compares a state with what was kept.
func (k *kept) check(t *testing.T, c *client) {
	t.Helper()
	if keys := c.must(t, "GET", k.app+"/keys", nil)["keys"].([]any); fmt.Sprint(keys) != fmt.Sprint(k.keys) {
		t.Errorf("%s has keys %v, want %v", k.app, keys, k.keys)
	}
	for _, token := range []struct{ user, text, want string }{
		{"alice", k.good, "ok"}, {"dora", k.old, "ok"}, {"bob", k.revoked, "revoked"}, {"carol", k.blocked, "blocked"},
	} {
		if got := c.verdict(t, k.app, token.user, token.text); got != token.want {
			t.Errorf("%s: the token of %s is %s, want %s", k.app, token.user, got, token.want)
		}
	}
	// It still signs, too.
	if got := c.verdict(t, k.app, "bob", c.issue(t, k.app, "bob")); got != "ok" {
		t.Errorf("%s: a new token is %s", k.app, got)
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

// busy writes beside what f does.
func busy(t *testing.T, d *daemon, credential, app string, f func()) {
	t.Helper()
	w, stop := newWriter(0, t.Errorf), make(chan struct{})
	w.api, w.ack = d.client(credential), func() {}
	var all sync.WaitGroup
	all.Go(func() { w.write(app, stop) })
	eventually(t, promise*10, "the first writes", func() bool { return true })
	f()
	close(stop)
	all.Wait()
	if len(w.acked) == 0 {
		t.Error("nothing was written meanwhile, so this was no test of a busy server")
	}
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

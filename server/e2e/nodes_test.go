package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"usersig/server/internal/store/pgtest"
)

// pair is two nodes of one PostgreSQL database.
type pair struct {
	a, b *daemon
	// Their clients. Those of a are a back end that makes changes, those of b one that
	// has to notice.
	onA, onB *client
	url      string
}

// newPair makes the state from the first node, and gives the second the same KEK.
func newPair(t *testing.T, lines ...string) *pair {
	t.Helper()
	p := &pair{url: pgtest.URL(t)}
	lines = append(lines, onPostgres(p.url))
	first := made(t, lines...)
	second := newNode(t, append(lines, fmt.Sprintf("kek: %q", filepath.Join(first.data, "kek")))...)
	if err := os.Mkdir(second.data, 0o700); err != nil {
		t.Fatal(err)
	}
	p.a, p.b = first.start(), second.start()
	p.onA, p.onB = p.a.client(first.operator()), p.b.client(first.operator())
	return p
}

// promise is how soon a change that was made on one node holds on the other.
const promise = time.Second

// holds waits until b says what is wanted, and logs how long after a's reply that was.
func (p *pair) holds(t *testing.T, what, app, user, token, want string) {
	t.Helper()
	took := eventually(t, promise, what+" on the other node", func() bool {
		return p.onB.verdict(t, app, user, token) == want
	})
	t.Logf("%s holds on the other node %v after the reply", what, took.Round(100*time.Microsecond))
}

// TestTwoNodes: what is done on one node holds on the other within a second.
func TestTwoNodes(t *testing.T) {
	p := newPair(t)
	p.changes(t)
}

// changes makes every kind of change on a and waits for it on b.
func (p *pair) changes(t *testing.T) {
	t.Helper()
	var app string
	created := p.onA.hosted(t, nil)
	took := eventually(t, promise, "an application on the other node", func() bool {
		app = created
		return p.onB.send(t, "GET", app, nil).status == http.StatusOK
	})
	t.Logf("an application is on the other node %v after the reply", took.Round(100*time.Microsecond))
	token := func(user string) string { return p.onB.issue(t, app, user) }

	revoked, blocked, killed, stopped := token("revoked"), token("blocked"), token("killed"), token("stopped")
	started := time.Now()
	p.onA.must(t, "POST", app+"/users/revoked/revoke", nil)
	t.Logf("the reply to a revocation took %v", time.Since(started).Round(time.Millisecond))
	p.holds(t, "a revocation", app, "revoked", revoked, "revoked")
	if got := p.onB.verdict(t, app, "revoked", token("revoked")); got != "ok" {
		t.Errorf("a token issued on the other node right after a revocation is %s", got)
	}
	p.onA.must(t, "PUT", app+"/users/blocked/block", object{"until": time.Now().Add(time.Hour)})
	p.holds(t, "a block", app, "blocked", blocked, "blocked")
	p.onA.send(t, "DELETE", app+"/users/blocked/block", nil)
	p.holds(t, "the end of a block", app, "blocked", blocked, "ok")

	p.rotation(t, app, "killed", killed)
	p.onA.must(t, "PATCH", app, object{"state": "stopped"})
	p.holds(t, "a stop", app, "stopped", stopped, "app_unknown")
}

// rotation: the other node signs with the new key, still takes the old one's tokens, and
// no more when it is killed.
func (p *pair) rotation(t *testing.T, app, user, token string) {
	t.Helper()
	old := p.onA.must(t, "GET", app+"/keys", nil)["keys"].([]any)[0].(object)["key_id"].(string)
	next := p.onA.must(t, "POST", app+"/keys/rotate", object{})["key"].(object)["key_id"].(string)
	took := eventually(t, promise, "a rotation on the other node", func() bool {
		return p.onB.must(t, "POST", app+"/usersigs", object{"userid": "any"})["key_id"] == next
	})
	t.Logf("a rotation holds on the other node %v after the reply", took.Round(100*time.Microsecond))
	if got := p.onB.verdict(t, app, user, token); got != "ok" {
		t.Errorf("after the rotation a token of the old key is %s", got)
	}
	p.onA.must(t, "POST", app+"/keys/"+old+"/kill", object{"reason": "leaked"})
	p.holds(t, "a kill", app, user, token, "signature")
}

// TestDatabaseAway: without PostgreSQL a node answers from what it knows for as long as
// max_stale says, and then refuses; nothing can be recorded, so nothing is issued. When
// PostgreSQL is back, so is the node, and the promise holds again.
func TestDatabaseAway(t *testing.T) {
	for _, way := range []struct {
		name     string
		away     func(*server)
		back     func(*server)
		hasEnded bool // so that a commit fails at once, instead of when its time is over
	}{
		{"stopped", (*server).stop, (*server).start, true},
		{"frozen", (*server).freeze, (*server).thaw, false},
	} {
		t.Run(way.name, func(t *testing.T) {
			p := newPair(t, "max_stale: 2s")
			app, token := p.known(t)
			db := serverOf(t, p.url)
			way.away(db)
			p.answersFor(t, maxStale, app, token, way.hasEnded)
			p.refuses(t, app, token, way.hasEnded)
			way.back(db)
			p.recovers(t, app, token)
			p.changes(t)
		})
	}
}

const maxStale = 2 * time.Second

// known makes an application and a token that b knows of.
func (p *pair) known(t *testing.T) (app, token string) {
	t.Helper()
	app = p.onA.hosted(t, nil)
	eventually(t, promise, "the application on the other node", func() bool {
		return p.onB.send(t, "GET", app, nil).status == http.StatusOK
	})
	return app, p.onB.issue(t, app, "alice")
}

// answersFor is called when the database has just gone, and returns when b's answers end.
func (p *pair) answersFor(t *testing.T, maxStale time.Duration, app, token string, hasEnded bool) {
	t.Helper()
	away := time.Now()
	first := p.onB.send(t, "POST", app+"/verify", question("alice", token))
	t.Logf("the first answer without the database took %v", time.Since(away).Round(time.Millisecond))
	if time.Since(away) > maxStale/2 {
		t.Fatal("this machine is too slow for this test: max_stale was nearly over when the first answer came")
	}
	if got := reason(first.object(t)); got != "ok" {
		t.Errorf("without the database, before max_stale, a token is %s", got)
	}
	if hasEnded {
		p.onB.send(t, "POST", app+"/usersigs", object{"userid": "alice"}).wantUnavailable(t)
		p.onB.send(t, "POST", "/v1/apps", object{"name": "x"}).wantUnavailable(t)
	}
	eventually(t, maxStale+promise, "the end of the answers", func() bool {
		return p.onB.send(t, "POST", app+"/verify", question("alice", token)).status != http.StatusOK
	})
	lasted := time.Since(away)
	t.Logf("answers ended %v after the database went away", lasted.Round(time.Millisecond))
	if lasted < maxStale-promise {
		t.Errorf("they ended after %v, long before max_stale", lasted)
	}
}

// refuses checks what b says when it knows too little. It is not dead.
func (p *pair) refuses(t *testing.T, app, token string, hasEnded bool) {
	t.Helper()
	all := []reply{
		p.onB.send(t, "POST", app+"/verify", question("alice", token)),
		p.onB.send(t, "POST", app+"/usersigs", object{"userid": "alice"}),
		p.onB.send(t, "GET", app, nil), p.onB.send(t, "GET", "/readyz", nil),
	}
	if hasEnded {
		all = append(all, p.onB.send(t, "POST", app+"/users/alice/revoke", nil))
	}
	for _, r := range all {
		r.wantUnavailable(t)
	}
	if got := p.onB.send(t, "GET", "/healthz", nil).status; got != http.StatusOK {
		t.Errorf("/healthz = %d: a node without a database is not dead", got)
	}
}

// recovers waits until both nodes answer again, without a restart.
func (p *pair) recovers(t *testing.T, app, token string) {
	t.Helper()
	for _, node := range []struct {
		name string
		at   *client
	}{{"one node", p.onA}, {"the other node", p.onB}} {
		took := eventually(t, 10*time.Second, node.name+" after the database is back", func() bool {
			return node.at.send(t, "GET", "/readyz", nil).status == http.StatusOK
		})
		t.Logf("%s is ready %v after the database is back", node.name, took.Round(time.Millisecond))
	}
	if got := p.onB.verdict(t, app, "alice", token); got != "ok" {
		t.Errorf("after the database is back a token is %s", got)
	}
}

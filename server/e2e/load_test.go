package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"usersig/server/internal/store/pgtest"
)

// TestLoad: under mixed traffic over 16 connections the race detector finds nothing, and
// nothing fails.
func TestLoad(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { underLoad(t, made(t, unlimited)) })
	t.Run("postgres", func(t *testing.T) { underLoad(t, made(t, unlimited, onPostgres(pgtest.URL(t)))) })
}

func underLoad(t *testing.T, n *node) {
	const connections, duration = 16, 5 * time.Second
	d := n.start()
	operator := d.client(n.operator())
	app := operator.hosted(t, nil)
	secret := operator.must(t, "POST", app+"/apikeys", object{"name": "back end", "scopes": []string{"issue", "verify", "read"}})["secret"].(string)
	l := &traffic{t: t, app: app, good: operator.issue(t, app, "alice"), backEnd: d.client(secret), stranger: d.client("")}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for id := range connections {
		all.Go(func() {
			if id < 3 {
				w := newWriter(id, t.Errorf)
				w.api, w.ack = d.client(n.operator()), func() { l.sent.Add(1) }
				w.write(app, stop)
				return
			}
			for i := id; ; i++ {
				select {
				case <-stop:
					return
				default:
					l.send(i)
				}
			}
		})
	}
	reloads := time.NewTicker(duration / 16)
	defer reloads.Stop()
	for range 16 {
		<-reloads.C
		d.signal(syscall.SIGHUP)
	}
	close(stop)
	all.Wait()
	d.stop()
	d.noRace()
	n.verifyAudit("")
	t.Logf("%d requests in %v", l.sent.Load(), duration)
}

// traffic is what a busy server gets.
type traffic struct {
	t                 *testing.T
	app, good         string
	backEnd, stranger *client
	sent              atomic.Int64
}

// send sends the i-th request, each kind of which has one good answer.
func (l *traffic) send(i int) {
	ask := func(c *client, want int, method, path string, body any) {
		r, err := c.try(method, path, body)
		if err != nil || r.status != want {
			l.t.Errorf("%s %s = %d %s %v, want %d", method, path, r.status, r.body, err, want)
		}
		l.sent.Add(1)
	}
	user := fmt.Sprintf("u%d", i)
	switch i % 10 {
	case 0, 1, 2:
		ask(l.backEnd, http.StatusOK, "POST", l.app+"/usersigs", object{"userid": user})
	case 3:
		ask(l.backEnd, http.StatusOK, "POST", l.app+"/usersigs:batch", object{"items": []object{{"userid": user}, {"userid": user, "room": object{"name": "lobby"}}}})
	case 4, 5:
		ask(l.backEnd, http.StatusOK, "POST", l.app+"/verify", question("alice", l.good))
	case 6:
		ask(l.backEnd, http.StatusOK, "POST", l.app+"/verify", question("mallory", l.good))
	case 7:
		ask(l.backEnd, http.StatusForbidden, "POST", "/v1/apps", object{"name": "x"})
	case 8:
		ask(l.stranger, http.StatusUnauthorized, "GET", l.app, nil)
	case 9:
		ask(l.backEnd, http.StatusOK, "GET", []string{l.app + "/keys", l.app, "/metrics", "/readyz", "/openapi.json"}[i/10%5], nil)
	}
}

package media_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

func TestTwoMeet(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	alice, bob := w.mustJoin(a.credential("alice", lobby)), w.mustJoin(a.credential("bob", lobby))
	if err := alice.send(livekit.TrackSource_MICROPHONE); err != nil {
		t.Fatal(err)
	}
	bob.hears(livekit.TrackSource_MICROPHONE)
}

// TestLeave: whatever voids a UserSig ends the sessions that stand on it, within a second.
func TestLeave(t *testing.T) {
	for _, one := range []struct {
		name string
		act  func(a *app)
		code int // of a new try
	}{
		{"revoke", func(a *app) { a.w.Must("POST", a.path("/users/alice/revoke"), nil) }, 70052},
		{"block", func(a *app) {
			a.w.Must("PUT", a.path("/users/alice/block"), object{"until": a.w.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
		}, 70051},
		{"kill", func(a *app) { a.w.Must("POST", a.path("/keys/%s/kill", a.keyID()), object{"reason": "leaked"}) }, 70016},
		{"stop", func(a *app) { a.w.Must("PATCH", a.path(""), object{"state": "stopped"}) }, 70020},
		{"expire", func(a *app) { a.w.Pass(2 * time.Hour) }, 70001},
		{"require", func(a *app) {
			a.w.Must("PATCH", a.path(""), object{"settings": object{"require_privatemapkey": true}})
		}, -100006},
	} {
		t.Run(one.name, func(t *testing.T) {
			w := open(t, nil)
			a := w.app(object{"max_ttl": 3600})
			c := a.credential("alice", lobby)
			alice := w.mustJoin(c)
			one.act(a)
			why, after := alice.leaves()
			if why != lksdk.ParticipantRemoved {
				t.Errorf("alice left because of %q", why)
			}
			t.Logf("left %v after %s returned", after, one.name)
			if after > time.Second {
				t.Errorf("alice left after %v", after)
			}
			w.refused(c, one.code)
		})
	}
}

// TestComeBack: who was revoked may come back with a new UserSig, at once.
func TestComeBack(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	alice := w.mustJoin(a.credential("alice", lobby))
	w.Must("POST", a.path("/users/alice/revoke"), nil)
	alice.leaves()
	w.mustJoin(a.credential("alice", lobby))
}

// TestSecondLogin: of two sessions of a user in a room, the second stays.
func TestSecondLogin(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	first := w.mustJoin(a.credential("alice", lobby))
	second := w.mustJoin(a.credential("alice", lobby))
	if why, _ := first.leaves(); why != lksdk.DuplicateIdentity {
		t.Errorf("the first left because of %q", why)
	}
	// And is still watched over.
	w.Must("POST", a.path("/users/alice/revoke"), nil)
	second.leaves()
}

// TestRenew: a user who hands in a newer UserSig stays when the first one ends, and is
// told in time to do so.
func TestRenew(t *testing.T) {
	w := open(t, nil)
	a := w.app(object{"max_ttl": 3600})
	c := a.credential("alice", lobby)
	alice := w.mustJoin(c)
	w.Pass(time.Hour - 20*time.Second)
	var warning struct {
		Event   string
		Seconds int
	}
	select {
	case text := <-alice.told:
		if err := json.Unmarshal(text, &warning); err != nil || warning.Event != "expiring" || warning.Seconds > 20 || warning.Seconds < 10 {
			t.Errorf("told %s", text)
		}
	case <-time.After(patience):
		t.Fatal("alice was not told")
	}
	if status, body := w.send("/rtc/renew", a.credential("bob", lobby)); status < 400 {
		t.Errorf("somebody who is not there renewed: %d %s", status, body)
	}
	if status, body := w.send("/rtc/renew", a.credential("alice", lobby)); status != 200 {
		t.Fatalf("renew: %d %s", status, body)
	}
	w.Pass(10 * time.Minute)
	w.refused(c, 70001)
	bob := w.mustJoin(a.credential("bob", lobby))
	if err := alice.send(livekit.TrackSource_MICROPHONE); err != nil {
		t.Fatal(err)
	}
	bob.hears(livekit.TrackSource_MICROPHONE)
	w.Pass(time.Hour)
	alice.leaves()
}

// TestCrowd: fifty users of one room hear one, and all leave when the room's application
// stops.
func TestCrowd(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	speaker := w.mustJoin(a.credential("speaker", lobby))
	if err := speaker.send(livekit.TrackSource_MICROPHONE); err != nil {
		t.Fatal(err)
	}
	const most = 50
	all, failed := make([]*party, most), make([]error, most)
	var wg sync.WaitGroup
	for i := range most {
		c := a.credential(fmt.Sprintf("user_%d", i), lobby)
		wg.Go(func() { all[i], failed[i] = w.join(c) })
	}
	wg.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		p.hears(livekit.TrackSource_MICROPHONE)
	}
	w.Must("PATCH", a.path(""), object{"state": "stopped"})
	started := time.Now()
	for _, p := range all {
		p.leaves()
	}
	t.Logf("%d left within %v", most, time.Since(started))
}

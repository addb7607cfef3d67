package gate_test

import (
	"testing"

	"usersig"
	"usersig/server/internal/gate"
)

// leaver is a seat whose user has to come in anew when rights are taken away.
type leaver struct {
	seat
	session *gate.Session
}

func (l *leaver) Limit(r gate.Rights) {
	l.seat.Limit(r)
	l.session.Close()
}

// TestLimitEnds: an engine may end a session while it is told of new rights. The gate
// must not hold for that what the end of a session needs, or nobody moves any more.
func TestLimitEnds(t *testing.T) {
	run(t, gate.Options{}, func(w *world) {
		s := &leaver{}
		session, err := w.Open(t.Context(), w.mustEnter("alice", nil), s)
		if err != nil {
			t.Fatal(err)
		}
		s.session = session
		narrower := w.mustEnter("alice", &usersig.Grant{Room: lobby, Allow: usersig.Audience})
		if n := w.Renew(narrower); n != 1 {
			t.Errorf("renewed %d", n)
		}
		if n := w.Renew(w.mustEnter("alice", nil)); n != 0 {
			t.Errorf("renewed %d that had ended", n)
		}
		if len(s.limits) != 1 {
			t.Errorf("limited %v", s.limits)
		}
	})
}

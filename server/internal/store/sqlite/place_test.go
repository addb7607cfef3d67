package sqlite

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"usersig/server/internal/issuer"
)

// What is acknowledged must be there at the next start: a database that was moved away
// takes nothing more, and goes on when it is back.
func TestMovedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLagging(t)
		l.append(t, 1)
		move := func(from, to string) {
			t.Helper()
			if err := os.Rename(from, to); err != nil {
				t.Fatal(err)
			}
		}
		unavailable := func() {
			t.Helper()
			for name, act := range map[string]func(issuer.Tx) error{"an entry": nil, "an act": nothing} {
				if err := l.record(t, act); !errors.Is(err, issuer.ErrUnavailable) {
					t.Errorf("Commit of %s = %v", name, err)
				}
			}
			if _, err := l.Changes(t.Context(), 0); !errors.Is(err, issuer.ErrUnavailable) {
				t.Errorf("Changes = %v", err)
			}
		}
		move(l.path, l.path+".moved")
		unavailable()
		time.Sleep(lag)
		synctest.Wait()
		if _, err := os.Stat(l.path); err == nil {
			t.Error("a database was made in its place")
		}
		// Another in its place is not it.
		if err := os.WriteFile(l.path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		unavailable()
		move(l.path+".moved", l.path)
		if err := l.record(t, nothing); err != nil {
			t.Error(err)
		}
		l.check(t, "back again", 2, 0)
		l.append(t, 1)

		// Closed in the meantime, it has everything when it is back.
		move(l.path, l.path+".moved")
		if err := l.Close(); err == nil {
			t.Error("Close has settled what it could not")
		}
		move(l.path+".moved", l.path)
		l.open(t)
		l.check(t, "opened again", 3, 0)
	})
}

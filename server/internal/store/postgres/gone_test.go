package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/issuer"
)

// Whoever gives up while the outcome becomes unknown is not told that nothing happened:
// the log would say so too.
func TestOutcomeIsNotKnownToWhoIsGone(t *testing.T) {
	p, s := throughProxy(t, 2*time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p.set(func() {
		p.loseAnswer, p.lost = commitAnswer, func() {
			p.down = true
			cancel()
		}
	})
	if err := revoke(ctx, s, "alice"); !errors.Is(err, issuer.ErrUnavailable) || !strings.Contains(err.Error(), "outcome is not known") {
		t.Errorf("Commit whose answer was lost for good = %v, want that its outcome is not known", err)
	}
	p.cut(false)
	if n := revocations(t, s, "alice"); n != 1 {
		t.Errorf("it was done %d times, want once", n)
	}
}

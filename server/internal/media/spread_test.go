package media

import (
	"errors"
	"fmt"
	"testing"

	"usersig/server/internal/gate"
)

// TestWaitingRenewals: a user who asks for the same renewal a thousand times does not make
// a thousand subscriptions, and leaves room for others.
func TestWaitingRenewals(t *testing.T) {
	var w waiting
	var ends []func()
	begin := func(id string) error {
		end, err := w.begin(user{1, id})
		if err == nil {
			ends = append(ends, end)
		}
		return err
	}
	for i := range 1000 {
		if err := begin("mallory"); i < mostWaitingOfUser && err != nil || i >= mostWaitingOfUser && !errors.Is(err, gate.ErrCrowded) {
			t.Fatalf("%d: %v", i, err)
		}
	}
	for i := range mostWaiting - mostWaitingOfUser {
		if err := begin(fmt.Sprint("user", i)); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if err := begin("alice"); !errors.Is(err, gate.ErrCrowded) {
		t.Errorf("one too many in all: %v", err)
	}
	for _, end := range ends {
		end()
	}
	if err := begin("mallory"); err != nil || w.all != 1 || len(w.of) != 1 {
		t.Errorf("after all have ended: %v, %d, %v", err, w.all, w.of)
	}
}

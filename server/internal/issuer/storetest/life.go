package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"usersig/server/internal/issuer"
)

var lifeTests = []test{
	{"CanceledReads", testCanceledReads},
	{"WatchFiresAndEnds", testWatch},
	{"WaitingCommitCanBeCanceled", testWaitingCommitCanBeCanceled},
	{"ClosedStoreIsUnavailable", testClosed},
}

func testCanceledReads(t *testing.T, s issuer.Store) {
	putApp(t, s, 1, "one")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := s.Changes(ctx, 0); !errors.Is(err, context.Canceled) || c.Seq != 0 || c.Apps != nil {
		t.Errorf("Changes = %+v, %v, want context.Canceled alone", c, err)
	}
	if list, err := s.Audit(ctx, 0, 0, 10); !errors.Is(err, context.Canceled) || list != nil {
		t.Errorf("Audit = %v, %v, want context.Canceled alone", list, err)
	}
}

func testWatch(t *testing.T, s issuer.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	fired := s.Watch(ctx)
	cancel()
	for wait(t, "a watch whose context has ended", patience, fired) {
	}
	fired = s.Watch(t.Context())
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	for wait(t, "a watch of a closed store", patience, fired) {
	}
	for wait(t, "a watch that begins on a closed store", patience, s.Watch(t.Context())) {
	}
}

// testWaitingCommitCanBeCanceled: a commit waits for the one before it. Whoever asked
// may lose patience, and the first must not suffer.
func testWaitingCommitCanBeCanceled(t *testing.T, s issuer.Store) {
	inside, leave, first := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	enter := sync.OnceFunc(func() { close(inside) }) // an act may run twice
	go func() {
		first <- s.Commit(t.Context(), entries(1, 1), func(tx issuer.Tx) error {
			enter()
			<-leave
			return tx.PutApp(record(1, "first"))
		})
	}()
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := s.Commit(ctx, entries(1, 1), func(tx issuer.Tx) error { return tx.PutApp(record(1, "second")) })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the waiting Commit = %v, want context.DeadlineExceeded", err)
	}
	close(leave)
	if err := <-first; err != nil {
		t.Errorf("the first Commit = %v", err)
	}
	if got := names(changes(t, s, 0)); got != "[1=first]" {
		t.Errorf("Changes = %s", got)
	}
}

func testClosed(t *testing.T, s issuer.Store) {
	putApp(t, s, 1, "one")
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	if err := s.Commit(t.Context(), entries(1, 1), nil); !errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("Commit = %v, want ErrUnavailable", err)
	}
	if c, err := s.Changes(t.Context(), 0); !errors.Is(err, issuer.ErrUnavailable) || c.Apps != nil {
		t.Errorf("Changes = %+v, %v, want ErrUnavailable alone", c, err)
	}
	if list, err := s.Audit(t.Context(), 0, 0, 10); !errors.Is(err, issuer.ErrUnavailable) || list != nil {
		t.Errorf("Audit = %v, %v, want ErrUnavailable alone", list, err)
	}
}

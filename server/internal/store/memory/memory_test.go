package memory_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/issuer/storetest"
	"usersig/server/internal/store/memory"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(testing.TB) issuer.Store { return memory.New(nil) })
}

// With every act run twice, whatever an act does wrongly beside its Tx shows.
func TestStoreRehearsing(t *testing.T) {
	storetest.Run(t, func(testing.TB) issuer.Store { return memory.New(&memory.Hooks{Rehearse: true}) })
}

func TestNodes(t *testing.T) {
	storetest.RunNodes(t, func(testing.TB) (a, b issuer.Store) {
		s := memory.New(nil)
		return s, s
	})
}

func entry() []*audit.Entry { return []*audit.Entry{{Action: "app.create", Outcome: audit.Done}} }

func TestCommitHook(t *testing.T) {
	outage := fmt.Errorf("%w: unplugged", issuer.ErrUnavailable)
	var down error
	var asked int
	s := memory.New(&memory.Hooks{Commit: func(entries []*audit.Entry) error {
		asked += len(entries)
		return down
	}})
	put := func(tx issuer.Tx) error { return tx.PutApp(&issuer.Record{App: issuer.App{ID: 1}}) }
	down = outage
	if err := s.Commit(t.Context(), entry(), put); err != outage {
		t.Errorf("Commit = %v, want the hook's error", err)
	}
	if c, err := s.Changes(t.Context(), 0); err != nil || c.Seq != 0 || len(c.Apps) != 0 {
		t.Errorf("Changes = %+v, %v, want nothing", c, err)
	}
	down = nil
	if err := s.Commit(t.Context(), entry(), put); err != nil {
		t.Errorf("Commit = %v", err)
	}
	if asked != 2 {
		t.Errorf("the hook has seen %d entries, want 2", asked)
	}
}

func TestReadHook(t *testing.T) {
	outage := errors.New("unplugged")
	s := memory.New(&memory.Hooks{Read: func() error { return outage }})
	if _, err := s.Changes(t.Context(), 0); err != outage {
		t.Errorf("Changes = %v, want the hook's error", err)
	}
	if _, err := s.Audit(t.Context(), 0, 0, 1); err != outage {
		t.Errorf("Audit = %v, want the hook's error", err)
	}
}

func TestRehearseRunsActsTwice(t *testing.T) {
	s := memory.New(&memory.Hooks{Rehearse: true})
	runs := 0
	err := s.Commit(t.Context(), entry(), func(tx issuer.Tx) error {
		runs++
		earlier, err := tx.Once("key", "value", time.Unix(0, 0), time.Unix(1, 0))
		if earlier != "" {
			t.Errorf("run %d finds %q of the run before", runs, earlier)
		}
		return err
	})
	if err != nil || runs != 2 {
		t.Errorf("Commit = %v after %d runs, want 2", err, runs)
	}
}

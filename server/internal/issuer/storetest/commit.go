package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

var commitTests = []test{
	{"CommitNumbersEntries", testCommitNumbersEntries},
	{"ActCompletesTheEntry", testActCompletesTheEntry},
	{"FailedActLeavesNothing", testFailedActLeavesNothing},
	{"PanickingActLeavesNothing", testPanickingActLeavesNothing},
	{"FailedCallFailsTheCommit", testFailedCallFailsTheCommit},
	{"ActSeesItsOwnPuts", testActSeesItsOwnPuts},
	{"TxEndsWithItsCommit", testTxEndsWithItsCommit},
	{"NothingIsPutWithoutAnEntry", testNothingIsPutWithoutAnEntry},
	{"EmptyCommitDoesNothing", testEmptyCommitDoesNothing},
	{"CanceledCommitLeavesNothing", testCanceledCommitLeavesNothing},
}

func testCommitNumbersEntries(t *testing.T, s issuer.Store) {
	list := entries(1, 3)
	if err := s.Commit(t.Context(), list, nil); err != nil {
		t.Fatal(err)
	}
	for i, e := range list {
		if e.Seq != int64(i+1) || e.Hash == "" {
			t.Errorf("entry %d has number %d and hash %q, want number %d and a hash", i, e.Seq, e.Hash, i+1)
		}
	}
	for i, got := range page(t, s, 0, 0, 10) {
		if got != *list[i] {
			t.Errorf("entry %d is %+v in the log, and was %+v after the commit", i, got, *list[i])
		}
	}
	if seq := putApp(t, s, 1, "one"); seq != 4 {
		t.Errorf("the next commit has number %d, want 4", seq)
	}
}

// attempt is a commit that does a bit of everything and ends with end.
func attempt(ctx context.Context, s issuer.Store, e *audit.Entry, end func() error) error {
	return s.Commit(ctx, []*audit.Entry{e}, func(tx issuer.Tx) error {
		if _, err := tx.NextAppID(); err != nil {
			return err
		}
		if err := tx.PutApp(record(1, "after")); err != nil {
			return err
		}
		if err := tx.PutUser(1, "alice", issuer.User{RevokedTo: 9}); err != nil {
			return err
		}
		if _, err := tx.Once("key", "after", noon, noon.Add(time.Hour)); err != nil {
			return err
		}
		return end()
	})
}

// checkUntouched fails if an attempt has left anything, over a store in which app 1 was
// called "before".
func checkUntouched(t *testing.T, s issuer.Store, e *audit.Entry) {
	t.Helper()
	if e.Seq != 0 || e.Hash != "" {
		t.Errorf("the entry has number %d and hash %q, want none", e.Seq, e.Hash)
	}
	if n := Verify(t, s, 10); n != 1 {
		t.Errorf("the log has %d entries, want 1", n)
	}
	c := changes(t, s, 0)
	if c.Seq != 1 || len(c.Apps) != 1 || c.Apps[0].App.Name != "before" || len(c.Users) != 0 {
		t.Errorf("Changes = %+v, want app 1 alone, as before", c)
	}
	commit(t, s, func(tx issuer.Tx) error {
		id, err := tx.NextAppID()
		if id != issuer.FirstAppID || err != nil {
			t.Errorf("NextAppID = %d, %v, want %d", id, err, issuer.FirstAppID)
		}
		value, err := tx.Once("key", "mine", noon, noon.Add(time.Hour))
		if value != "" || err != nil {
			t.Errorf("Once = %q, %v, want nothing remembered", value, err)
		}
		u, err := tx.User(1, "alice")
		if u != (issuer.User{}) || err != nil {
			t.Errorf("User = %+v, %v, want the zero User", u, err)
		}
		return nil
	})
}

// An act finds out what its entry is to say: the number of a new application, say.
func testActCompletesTheEntry(t *testing.T, s issuer.Store) {
	e := entry(0, "before")
	err := s.Commit(t.Context(), []*audit.Entry{e}, func(tx issuer.Tx) error {
		id, err := tx.NextAppID()
		e.App, e.Subject = id, "found by the act"
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Audit(t.Context(), e.App, 0, 10)
	if err != nil || len(list) != 1 || list[0].Subject != "found by the act" || list[0].App != issuer.FirstAppID {
		t.Errorf("recorded %+v, %v", list, err)
	}
	Verify(t, s, 10)
}

func testFailedActLeavesNothing(t *testing.T, s issuer.Store) {
	putApp(t, s, 1, "before")
	refusal := errors.New("refused")
	e := entry(1, "")
	if err := attempt(t.Context(), s, e, func() error { return refusal }); err != refusal { //nolint:errorlint // this very error
		t.Errorf("Commit = %v, want the act's own error as it is", err)
	}
	checkUntouched(t, s, e)
}

func testPanickingActLeavesNothing(t *testing.T, s issuer.Store) {
	putApp(t, s, 1, "before")
	e := entry(1, "")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come through")
			}
		}()
		_ = attempt(t.Context(), s, e, func() error { panic("defect in an act") })
	}()
	checkUntouched(t, s, e)
}

func testFailedCallFailsTheCommit(t *testing.T, s issuer.Store) {
	putApp(t, s, 1, "before")
	e := entry(1, "")
	err := s.Commit(t.Context(), []*audit.Entry{e}, func(tx issuer.Tx) error {
		if err := tx.PutApp(record(1, "after")); err != nil {
			return err
		}
		if err := tx.PutUser(1, "\xff", issuer.User{RevokedTo: 1}); err == nil {
			t.Error("PutUser of a user ID that is not UTF-8 = nil")
		}
		return nil // carelessly
	})
	if err == nil {
		t.Error("Commit = nil although a call of its act failed")
	}
	checkUntouched(t, s, e)
}

func testActSeesItsOwnPuts(t *testing.T, s issuer.Store) {
	putApp(t, s, 1, "before")
	commit(t, s, func(tx issuer.Tx) error {
		if r, err := tx.App(1); err != nil || r.App.Name != "before" {
			t.Errorf("App before its put = %+v, %v", r, err)
		}
		for _, name := range []string{"after", "after all"} {
			if err := tx.PutApp(record(1, name)); err != nil {
				return err
			}
			if r, err := tx.App(1); err != nil || r.App.Name != name {
				t.Errorf("App after its put = %+v, %v, want the name %q", r, err, name)
			}
		}
		if err := tx.PutUser(1, "alice", issuer.User{RevokedTo: 7}); err != nil {
			return err
		}
		if u, err := tx.User(1, "alice"); err != nil || u.RevokedTo != 7 {
			t.Errorf("User after its put = %+v, %v", u, err)
		}
		if v, err := tx.Once("key", "first", noon, noon.Add(time.Hour)); v != "" || err != nil {
			t.Errorf("first Once = %q, %v", v, err)
		}
		if v, err := tx.Once("key", "second", noon, noon.Add(time.Hour)); v != "first" || err != nil {
			t.Errorf("second Once = %q, %v, want what the first remembered", v, err)
		}
		return nil
	})
}

func testTxEndsWithItsCommit(t *testing.T, s issuer.Store) {
	var kept issuer.Tx
	putApp(t, s, 1, "before")
	commit(t, s, func(tx issuer.Tx) error {
		kept = tx
		return nil
	})
	if err := kept.PutApp(record(1, "after")); err == nil {
		t.Error("PutApp after the commit = nil")
	}
	if r, err := kept.App(1); err == nil || r != nil {
		t.Errorf("App after the commit = %v, %v, want an error alone", r, err)
	}
	if r, err := getApp(t, s, 1); err != nil || r.App.Name != "before" {
		t.Errorf("App = %+v, %v, want it as before", r, err)
	}
}

func testNothingIsPutWithoutAnEntry(t *testing.T, s issuer.Store) {
	for name, put := range map[string]func(issuer.Tx) error{
		"PutApp":  func(tx issuer.Tx) error { return tx.PutApp(record(1, "one")) },
		"PutUser": func(tx issuer.Tx) error { return tx.PutUser(1, "alice", issuer.User{RevokedTo: 1}) },
	} {
		if err := s.Commit(t.Context(), nil, put); !errors.Is(err, issuer.ErrInvalid) {
			t.Errorf("%s in a commit without an entry = %v, want ErrInvalid", name, err)
		}
	}
	if c := changes(t, s, 0); len(c.Apps)+len(c.Users) != 0 || c.Seq != 0 {
		t.Errorf("Changes = %+v, want nothing", c)
	}
}

func testEmptyCommitDoesNothing(t *testing.T, s issuer.Store) {
	if err := s.Commit(t.Context(), nil, nil); err != nil {
		t.Errorf("Commit of nothing = %v", err)
	}
	if n := Verify(t, s, 10); n != 0 {
		t.Errorf("the log has %d entries, want none", n)
	}
}

func testCanceledCommitLeavesNothing(t *testing.T, s issuer.Store) {
	putApp(t, s, 1, "before")
	ctx, cancel := context.WithCancel(t.Context())
	e := entry(1, "")
	err := attempt(ctx, s, e, func() error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Commit canceled in its act = %v, want context.Canceled", err)
	}
	if err := attempt(ctx, s, e, func() error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit canceled before = %v, want context.Canceled", err)
	}
	checkUntouched(t, s, e)
}

package storetest

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"usersig/server/internal/issuer"
)

// RunReopen checks that nothing is lost when a store is closed and opened again. Open
// returns an empty store, and a function that opens it again after it was closed.
func RunReopen(t *testing.T, open func(testing.TB) (s issuer.Store, again func() issuer.Store)) {
	s, again := open(t)
	want := full(time.UTC)
	fill(t, s, 1, 40)
	commit(t, s, func(tx issuer.Tx) error { return tx.PutApp(want) })
	putUser(t, s, 1, "小明", 5)
	deleted := nextApp(t, s)
	commit(t, s, func(tx issuer.Tx) error {
		return tx.PutApp(&issuer.Record{App: issuer.App{ID: deleted, State: issuer.Deleted}})
	})
	once(t, s, "key", "value", noon, noon.Add(time.Hour))
	before := changes(t, s, 0)
	log := page(t, s, 0, 0, 1000)

	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("Close = %v", err)
		}
		s = again()
		if after := changes(t, s, 0); !reflect.DeepEqual(after, before) {
			t.Errorf("Changes = %+v, and was %+v", after, before)
		}
		if got := page(t, s, 0, 0, 1000); !reflect.DeepEqual(got, log) {
			t.Errorf("the log has %d entries, and had %d, or they differ", len(got), len(log))
		}
		if got := once(t, s, "key", "other", noon, noon.Add(time.Hour)); got != "value" {
			t.Errorf("Once = %q, want what was remembered", got)
		}
	}
	if id := nextApp(t, s); id != deleted+1 {
		t.Errorf("NextAppID = %d, want %d", id, deleted+1)
	}
	Verify(t, s, 7)
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}

// RunNodes checks what two nodes see of each other through two stores of one state. Open
// returns them empty; RunNodes closes them.
func RunNodes(t *testing.T, open func(testing.TB) (a, b issuer.Store)) {
	for name, check := range map[string]func(t *testing.T, a, b issuer.Store){
		"WatchFiresWithinASecond": testWatchAcross,
		"CommitsAreInOneOrder":    func(t *testing.T, a, b issuer.Store) { race(t, a, b) },
		"AppIDsAreNeverReused":    testAppIDsAcross,
		"OnceHoldsOnBoth":         testOnceAcross,
	} {
		t.Run(name, func(t *testing.T) {
			a, b := open(t)
			t.Cleanup(func() {
				for _, s := range []issuer.Store{a, b} {
					if err := s.Close(); err != nil {
						t.Errorf("Close = %v", err)
					}
				}
			})
			check(t, a, b)
		})
	}
}

func testWatchAcross(t *testing.T, a, b issuer.Store) {
	fired := b.Watch(t.Context())
	// The first may come late: nobody says when a watch has begun.
	putUser(t, a, 1, "alice", 1)
	wait(t, "the first commit of the other node", patience, fired)
	for i := int64(2); i < 6; i++ {
		seq := putUser(t, a, 1, "alice", i)
		for {
			if !wait(t, "a commit of the other node", promptly, fired) {
				t.Fatal("the watch has ended")
			}
			c := changes(t, b, seq-1)
			if c.Seq < seq {
				continue // it fired for the one before
			}
			if len(c.Users) != 1 || c.Users[0].User.RevokedTo != i {
				t.Errorf("Changes on the other node = %+v, want %d", c, i)
			}
			break
		}
	}
}

func testAppIDsAcross(t *testing.T, a, b issuer.Store) {
	const each = 20
	ids := make(chan uint32, 2*each)
	var group sync.WaitGroup
	for _, s := range []issuer.Store{a, b} {
		group.Go(func() {
			for range each {
				var id uint32
				err := s.Commit(t.Context(), entries(0, 1), func(tx issuer.Tx) (err error) {
					if id, err = tx.NextAppID(); err != nil {
						return err
					}
					return tx.PutApp(record(id, "new"))
				})
				if err != nil {
					t.Errorf("Commit = %v", err)
				}
				ids <- id
			}
		})
	}
	group.Wait()
	close(ids)
	seen := map[uint32]bool{}
	for id := range ids {
		if seen[id] || id < issuer.FirstAppID || id >= issuer.FirstAppID+2*each {
			t.Errorf("the number %d was given twice, or skips some", id)
		}
		seen[id] = true
	}
}

func testOnceAcross(t *testing.T, a, b issuer.Store) {
	if got := once(t, a, "key", "a", noon, noon.Add(time.Hour)); got != "" {
		t.Errorf("Once on one node = %q", got)
	}
	if got := once(t, b, "key", "b", noon, noon.Add(time.Hour)); got != "a" {
		t.Errorf("Once on the other = %q, want %q", got, "a")
	}
}

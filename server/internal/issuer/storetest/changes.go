package storetest

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

var changesTests = []test{
	{"ChangesSinceAreExact", testChangesSince},
	{"ChangesOfNothing", testChangesOfNothing},
	{"ChangesAreOfOneMoment", testChangesAreOfOneMoment},
	{"CommitsAreInOneOrder", testCommitsAreInOneOrder},
}

// names lists the records and users of c, such as "1=one 2:alice=5".
func names(c issuer.Changes) string {
	var list []string
	for _, r := range c.Apps {
		list = append(list, fmt.Sprintf("%d=%s", r.App.ID, r.App.Name))
	}
	for _, u := range c.Users {
		list = append(list, fmt.Sprintf("%d:%s=%d", u.App, u.UserID, u.User.RevokedTo))
	}
	return fmt.Sprint(list)
}

func testChangesSince(t *testing.T, s issuer.Store) {
	putApp(t, s, issuer.Platform, "operators") // 1
	putApp(t, s, 1, "one")                     // 2
	putUser(t, s, 1, "alice", 5)               // 3
	fill(t, s, 3)                              // 4 to 6
	putApp(t, s, 2, "two")                     // 7
	putUser(t, s, 2, "alice", 6)               // 8
	putApp(t, s, 1, "uno")                     // 9
	putUser(t, s, 1, "alice", 0)               // 10
	last := entries(0, 3)                      // 11 to 13
	if err := s.Commit(t.Context(), last, func(tx issuer.Tx) error {
		return tx.PutUser(2, "bob", issuer.User{RevokedTo: 8})
	}); err != nil {
		t.Fatal(err)
	}
	for since, want := range map[int64]string{
		0:  "[0=operators 1=uno 2=two 1:alice=0 2:alice=6 2:bob=8]",
		1:  "[1=uno 2=two 1:alice=0 2:alice=6 2:bob=8]",
		6:  "[1=uno 2=two 1:alice=0 2:alice=6 2:bob=8]",
		7:  "[1=uno 1:alice=0 2:alice=6 2:bob=8]",
		8:  "[1=uno 1:alice=0 2:bob=8]",
		9:  "[1:alice=0 2:bob=8]",
		10: "[2:bob=8]",
		12: "[2:bob=8]",
		13: "[]",
		99: "[]",
	} {
		c := changes(t, s, since)
		if got := names(c); got != want || c.Seq != 13 {
			t.Errorf("Changes(%d) = %s up to %d, want %s up to 13", since, got, c.Seq, want)
		}
	}
}

func testChangesOfNothing(t *testing.T, s issuer.Store) {
	if c := changes(t, s, 0); c.Seq != 0 || len(c.Apps)+len(c.Users) != 0 {
		t.Errorf("Changes of an empty store = %+v", c)
	}
	fill(t, s, 4)
	if c := changes(t, s, 0); c.Seq != 4 || len(c.Apps)+len(c.Users) != 0 {
		t.Errorf("Changes when nothing was put = %+v, want number 4 and nothing", c)
	}
}

// testChangesAreOfOneMoment commits one number in three places, again and again, while
// others read. They must find the three equal, and equal to the log's.
func testChangesAreOfOneMoment(t *testing.T, s issuer.Store) {
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				c, err := s.Changes(t.Context(), 0)
				if err != nil {
					t.Errorf("Changes = %v", err)
					return
				}
				want := strconv.FormatInt(c.Seq, 10)
				slices.SortFunc(c.Apps, func(a, b *issuer.Record) int { return int(a.App.ID) - int(b.App.ID) })
				if got := names(c); c.Seq > 0 && got != fmt.Sprintf("[1=%s 2=%s 1:alice=%s]", want, want, want) {
					t.Errorf("Changes up to %d = %s", c.Seq, got)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range int64(60) {
		commit(t, s, func(tx issuer.Tx) error {
			name := strconv.FormatInt(i+1, 10)
			if err := tx.PutApp(record(1, name)); err != nil {
				return err
			}
			if err := tx.PutUser(1, "alice", issuer.User{RevokedTo: i + 1}); err != nil {
				return err
			}
			return tx.PutApp(record(2, name))
		})
	}
	close(done)
	readers.Wait()
}

func testCommitsAreInOneOrder(t *testing.T, s issuer.Store) { race(t, s) }

// race has eight goroutines count in one record through the stores, and checks that
// nothing is lost, that numbers have no gaps and that their order is that of the acts.
func race(t *testing.T, stores ...issuer.Store) {
	const racers, rounds = 8, 50
	putApp(t, stores[0], 1, "0")
	var mu sync.Mutex
	counts := map[int64]string{1: "0"} // what the commit with each number has put
	var group sync.WaitGroup
	for i := range racers {
		s := stores[i%len(stores)]
		group.Go(func() {
			for range rounds {
				var name string
				e := entry(1, "")
				err := s.Commit(t.Context(), []*audit.Entry{e}, func(tx issuer.Tx) error {
					r, err := tx.App(1)
					if err != nil {
						return err
					}
					n, err := strconv.Atoi(r.App.Name)
					name = strconv.Itoa(n + 1)
					r.App.Name = name
					if err != nil {
						return err
					}
					return tx.PutApp(r)
				})
				if err != nil {
					t.Errorf("Commit = %v", err)
					return
				}
				mu.Lock()
				counts[e.Seq] = name
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for seq := int64(1); seq <= racers*rounds+1; seq++ {
		if want := strconv.FormatInt(seq-1, 10); counts[seq] != want {
			t.Fatalf("the commit with number %d counted to %q, want %s", seq, counts[seq], want)
		}
	}
	for _, s := range stores {
		if n := Verify(t, s, 100); n != racers*rounds+1 {
			t.Errorf("the log has %d entries, want %d", n, racers*rounds+1)
		}
		if got, want := names(changes(t, s, 0)), fmt.Sprintf("[1=%d]", racers*rounds); got != want {
			t.Errorf("Changes = %s, want %s", got, want)
		}
	}
}

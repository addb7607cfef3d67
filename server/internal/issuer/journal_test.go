package issuer

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"usersig/server/internal/audit"
)

// gated is a store whose commits wait for an answer.
type gated struct {
	Store
	answers chan error
	sizes   []int // of the commits
}

func (g *gated) Commit(_ context.Context, entries []*audit.Entry, _ func(Tx) error) error {
	g.sizes = append(g.sizes, len(entries))
	return <-g.answers
}

// journaled runs f in a bubble with a journal, and returns the sizes of its commits.
func journaled(t *testing.T, f func(t *testing.T, j *journal, answers chan<- error)) (sizes []int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := &gated{answers: make(chan error)}
		j := newJournal(g)
		ctx, stop := context.WithCancel(t.Context())
		go j.run(ctx)
		f(t, j, g.answers)
		stop()
		synctest.Wait()
		if err := j.record(t.Context(), new(audit.Entry)); !errors.Is(err, ErrUnavailable) {
			t.Errorf("a journal that has ended says %v", err)
		}
		sizes = g.sizes
	})
	return sizes
}

// recordFor records an entry for a caller who waits for so long.
func (j *journal) recordFor(t *testing.T, d time.Duration) <-chan error {
	got := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		got <- j.record(ctx, new(audit.Entry))
	}()
	synctest.Wait()
	return got
}

// While a commit hangs nobody waits for longer than they have, and nobody stays behind.
func TestJournalHangs(t *testing.T) {
	sizes := journaled(t, func(t *testing.T, j *journal, answers chan<- error) {
		started := time.Now()
		early := j.recordFor(t, 3*time.Second)
		behind := j.recordFor(t, time.Second)
		time.Sleep(2 * patience) // in the bubble
		late := j.recordFor(t, time.Second)
		for _, c := range []struct {
			got   <-chan error
			after time.Duration
		}{{behind, time.Second}, {late, 2*patience + time.Second}, {early, 3 * time.Second}} {
			if err := <-c.got; !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != c.after {
				t.Errorf("%v after %v, want the end of the time after %v", err, time.Since(started), c.after)
			}
		}
		if n := j.waiting(); n != 0 {
			t.Errorf("%d are queued still", n)
		}
		answers <- nil
		next := j.recordFor(t, time.Second)
		answers <- nil
		if err := <-next; err != nil {
			t.Errorf("after the commit that hung: %v", err)
		}
	})
	if len(sizes) != 2 || sizes[0] != 1 || sizes[1] != 1 {
		t.Errorf("commits of %v entries", sizes)
	}
}

// A commit that is slow is a commit.
func TestJournalIsSlow(t *testing.T) {
	broken := errors.New("disk on fire")
	sizes := journaled(t, func(t *testing.T, j *journal, answers chan<- error) {
		for _, want := range []error{nil, broken, nil} {
			first, second := j.recordFor(t, time.Hour), j.recordFor(t, time.Hour)
			time.Sleep(5 * patience / 2) // in the bubble
			answers <- want
			time.Sleep(5 * patience / 2)
			answers <- want
			for _, got := range []<-chan error{first, second} {
				if err := <-got; !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
			}
		}
	})
	if len(sizes) != 6 {
		t.Errorf("commits of %v entries", sizes)
	}
}

// What is too much for one commit is in the next.
func TestJournalBatches(t *testing.T) {
	sizes := journaled(t, func(t *testing.T, j *journal, answers chan<- error) {
		all := []<-chan error{j.recordFor(t, time.Hour)}
		for range 3 {
			got := make(chan error, 1)
			go func() { got <- j.record(t.Context(), make([]*audit.Entry, mostEntries-1)...) }()
			all = append(all, got)
		}
		synctest.Wait()
		for range 3 {
			answers <- nil
		}
		for _, got := range all {
			if err := <-got; err != nil {
				t.Error(err)
			}
		}
	})
	if len(sizes) != 3 || sizes[0] != 1 || sizes[1] != 2*(mostEntries-1) || sizes[2] != mostEntries-1 {
		t.Errorf("commits of %v entries", sizes)
	}
}

// Whoever waits when the service is closed is told so.
func TestJournalEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gated{answers: make(chan error)}
		j := newJournal(g)
		ctx, stop := context.WithCancel(t.Context())
		go j.run(ctx)
		under, queued := j.recordFor(t, time.Hour), j.recordFor(t, time.Hour)
		stop()
		g.answers <- nil
		// Which of the two comes first, what waits or the end, is for chance to say.
		select {
		case g.answers <- nil:
		case err := <-queued:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("who was queued is told %v", err)
			}
		}
		if err := <-under; err != nil {
			t.Errorf("what was recorded is told %v", err)
		}
	})
}

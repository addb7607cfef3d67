package issuer_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// later runs f beside the test and returns a channel with its answer, once f waits.
func later[T any](f func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- f() }()
	synctest.Wait()
	return done
}

func (w *world) revoke(app uint32, user string) error {
	_, err := w.Revoke(w.t.Context(), operator, app, user)
	return err
}

// While the second of a revocation lasts no token is issued: it would be void, or dated
// ahead of the clock.
func TestIssueDuringRevocation(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		time.Sleep(300 * time.Millisecond)
		revoked := later(func() error { return w.revoke(app, "alice") })
		issued := later(func() issuer.Issued { return w.issue(app, "alice") })
		if w.issue(app, "bob"); time.Now().Nanosecond() != 3e8 {
			t.Error("somebody else waits as well")
		}
		got := <-issued
		w.want(<-revoked, nil)
		if now := time.Now(); now.Nanosecond() != 0 || got.IssuedAt.After(now) {
			t.Errorf("issued at %v, and dated %v", now, got.IssuedAt)
		}
		w.want(w.check(app, got.Token, "alice"), nil)
	})
}

// However often a user is revoked in one second, it is as good as once: nobody is locked
// out by that, and no reply waits longer than the second.
func TestManyRevocationsInASecond(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		began := time.Now()
		var all sync.WaitGroup
		for range 150 {
			all.Go(func() { w.want(w.revoke(app, "alice"), nil) })
		}
		all.Wait()
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
		w.want(w.check(app, w.issue(app, "alice").Token, "alice"), nil)
		if took := time.Since(began); took > time.Second {
			t.Errorf("a token was there after %v", took)
		}
	})
}

// A token that is wished for between two revocations of one second is issued after both.
func TestRevokeTwiceInASecond(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		first := later(func() error { return w.revoke(app, "alice") })
		between := later(func() issuer.Issued { return w.issue(app, "alice") })
		if len(between) != 0 {
			t.Error("a token was issued in the second of a revocation: the next one could not void it")
		}
		second := later(func() error { return w.revoke(app, "alice") })
		w.want(<-first, nil)
		w.want(<-second, nil)
		w.want(w.check(app, (<-between).Token, "alice"), nil)
	})
}

// span is when a call began and ended, in the order of all calls.
type span struct{ began, ended int64 }

// Whatever overlaps, a token that was there before a revocation was asked for is void, and
// one that was asked for after its reply is good. No token has a date to come.
func TestRevocationsAndTokensInterleaved(t *testing.T) {
	type issued struct {
		span
		token string
	}
	for seed := range uint64(30) {
		run(t, func(w *world) {
			app := w.create(hosted("hmac")).App.ID
			var order atomic.Int64
			var mu sync.Mutex
			var tokens []issued
			var revocations []span
			var all sync.WaitGroup
			for who := range uint64(6) {
				random := rand.New(rand.NewPCG(seed, who))
				all.Go(func() {
					for range 12 {
						time.Sleep(time.Duration(random.IntN(40)) * 25 * time.Millisecond)
						call := span{began: order.Add(1)}
						if who%2 == 0 {
							w.want(w.revoke(app, "alice"), nil)
							call.ended = order.Add(1)
							mu.Lock()
							revocations = append(revocations, call)
							mu.Unlock()
							continue
						}
						got := w.issue(app, "alice")
						call.ended = order.Add(1)
						if got.IssuedAt.After(time.Now()) {
							t.Errorf("issued at %v, dated %v", time.Now(), got.IssuedAt)
						}
						mu.Lock()
						tokens = append(tokens, issued{call, got.Token})
						mu.Unlock()
					}
				})
			}
			all.Wait()
			for _, token := range tokens {
				mustBeVoid, mayBeVoid := false, false
				for _, r := range revocations {
					mustBeVoid = mustBeVoid || r.began > token.ended
					mayBeVoid = mayBeVoid || r.ended > token.began
				}
				switch err := w.check(app, token.token, "alice"); {
				case mustBeVoid:
					w.want(err, usersig.ErrRevoked)
				case !mayBeVoid:
					w.want(err, nil)
				}
			}
		})
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

// A demo config is dated as any token, and so is a batch, which waits once for all.
func TestBatchesDuringRevocation(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		time.Sleep(time.Millisecond)
		first := later(func() error { return w.revoke(app, "Web_trtc_03") })
		demo := later(func() map[string]string {
			config, err := w.DemoConfig(w.t.Context(), operator, app, "Web", 4, time.Hour)
			w.want(err, nil)
			tokens := map[string]string{}
			for _, u := range config.Users {
				tokens[u.UserID] = u.Token
			}
			return tokens
		})
		batch := later(func() []issuer.Issued {
			out, err := w.IssueBatch(w.t.Context(), operator, app, []issuer.Wish{{UserID: "alice"}, {UserID: "Web_trtc_03"}})
			w.want(err, nil)
			return out
		})
		for user, token := range <-demo {
			w.want(w.check(app, token, user), nil)
		}
		for _, got := range <-batch {
			w.want(w.check(app, got.Token, got.UserID), nil)
			if got.IssuedAt.After(time.Now()) {
				t.Errorf("dated %v at %v", got.IssuedAt, time.Now())
			}
		}
		w.want(<-first, nil)
	})
}

// What may not be issued any more when the second is over is not issued.
func TestKeyIsKilledWhileATokenWaits(t *testing.T) {
	run(t, func(w *world) {
		made := w.create(hosted("hmac"))
		app := made.App.ID
		revoked := later(func() error { return w.revoke(app, "alice") })
		issued := later(func() error {
			_, err := w.Issue(w.t.Context(), backEnd(app, access.ScopeIssue), app, issuer.Wish{UserID: "alice"})
			return err
		})
		_, err := w.KillKey(w.t.Context(), operator, app, issuer.Killing{KeyID: made.Key.ID, Reason: "leaked"})
		w.want(err, nil)
		w.want(<-issued, issuer.ErrConflict)
		w.want(<-revoked, nil)
	})
}

// Whoever is gone before the second is over gets no token, and that is on record.
func TestIssueWaitsForNobodyWhoIsGone(t *testing.T) {
	run(t, func(w *world) {
		app := w.create(hosted("hmac")).App.ID
		revoked := later(func() error { return w.revoke(app, "alice") })
		ctx, cancel := context.WithTimeout(w.t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := w.Issue(ctx, operator, app, issuer.Wish{UserID: "alice"})
		w.want(err, context.DeadlineExceeded)
		if took := time.Since(began); took != 100*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		if e := w.last(); e.Outcome != audit.Refused || e.Subject != "alice" {
			t.Errorf("recorded %+v", e)
		}
		w.want(<-revoked, nil)
	})
}

// A revocation far ahead of the clock is a clock that is wrong, here or on another node.
// Issuing says so, at once and once in the log, and nothing that this node does puts the
// revocation further ahead.
func TestRevocationAheadOfTheClock(t *testing.T) {
	runOutages(t, func(w *outages) {
		app := w.create(hosted("hmac")).App.ID
		token := w.issue(app, "alice").Token
		w.want(w.revoke(app, "alice"), nil)
		w.shift.Store(int64(-5 * time.Minute))
		time.Sleep(time.Second)
		began := time.Now()
		for range 3 {
			_, err := w.IssueBatch(w.t.Context(), operator, app, []issuer.Wish{{UserID: "bob"}, {UserID: "alice"}})
			w.want(err, issuer.ErrClock)
			if e := w.last(); e.Outcome != audit.Refused || e.Subject != "alice" || !strings.Contains(e.Detail, "void up to ") {
				t.Errorf("recorded %+v", e)
			}
			w.want(w.revoke(app, "alice"), issuer.ErrClock)
			w.want(w.check(app, token, "alice"), usersig.ErrNotYetValid)
		}
		_, err := w.DemoConfig(w.t.Context(), operator, app, "Web", 1, 0)
		w.want(err, nil)
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v to say so", took)
		}
		if lines := w.log.of(slog.LevelError); len(lines) != 1 || lines[0].Message != "a revocation is ahead of this clock" {
			t.Errorf("logged %v", lines)
		}
		w.shift.Store(0)
		time.Sleep(time.Second) // until the store was read by this clock
		w.want(w.check(app, w.issue(app, "alice").Token, "alice"), nil)
		w.want(w.check(app, token, "alice"), usersig.ErrRevoked)
	})
}

// A little ahead is what the clocks of nodes always are.
func TestRevocationALittleAhead(t *testing.T) {
	runOutages(t, func(w *outages) {
		app := w.create(hosted("hmac")).App.ID
		w.want(w.revoke(app, "alice"), nil)
		w.shift.Store(int64(-2 * time.Second))
		w.want(w.revoke(app, "alice"), nil)
		got := w.issue(app, "alice")
		if now := w.opts.Clock(); got.IssuedAt.After(now) {
			t.Errorf("dated %v at %v", got.IssuedAt, now)
		}
		w.want(w.check(app, got.Token, "alice"), nil)
	})
}

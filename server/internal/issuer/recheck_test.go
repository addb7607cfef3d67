package issuer_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/server/internal/issuer"
)

// ticket is a token that was verified once.
type ticket struct {
	q issuer.Question
	p issuer.Proof
}

// history is a service to which things happen.
type history struct {
	*outages
	random  *rand.Rand
	app     uint32
	held    []ticket
	sources uint32
}

// ask gives the verdict on a token. Each question comes from elsewhere: the lock on whoever
// fails too often is not what this is about.
func (h *history) ask(q issuer.Question) (usersig.Verified, error) {
	h.sources++
	q.Source = netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24+h.sources)))
	return h.Verdict(h.t.Context(), h.app, q)
}

func (h *history) user() string { return fmt.Sprintf("user-%d", h.random.IntN(3)) }

func (h *history) seconds(most int) time.Duration {
	return time.Duration(1+h.random.IntN(most)) * time.Second
}

// issue adds a token to those that are held, if one is issued.
func (h *history) issue() {
	q := issuer.Question{UserID: h.user()}
	w := issuer.Wish{UserID: q.UserID, TTL: h.seconds(600)}
	if h.random.IntN(3) == 0 {
		q.Purpose, q.Room = usersig.PrivateMapKey, usersig.Room{ID: 7}
		w.Grant = &usersig.Grant{Room: q.Room, Allow: usersig.Audience}
	}
	got, err := h.Issue(h.t.Context(), operator, h.app, w)
	if err != nil {
		return
	}
	q.Token = got.Token
	if v, err := h.ask(q); err == nil {
		h.held = append(h.held, ticket{q, travelled(h.t, issuer.ProofOf(v))})
	}
}

// travelled is a proof as another node has it.
func travelled(t *testing.T, p issuer.Proof) (got issuer.Proof) {
	t.Helper()
	text, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// step does one thing, which may not be possible.
func (h *history) step() {
	ctx := h.t.Context()
	switch h.random.IntN(14) {
	case 0:
		_, _ = h.Revoke(ctx, operator, h.app, h.user())
	case 1:
		_ = h.Block(ctx, operator, h.app, h.user(), time.Now().Add(h.seconds(300)))
	case 2:
		_ = h.Unblock(ctx, operator, h.app, h.user())
	case 3:
		overlap := h.seconds(300)
		_, _ = h.RotateKey(ctx, operator, h.app, issuer.Rotation{Overlap: &overlap})
	case 4:
		if keys, err := h.Keys(ctx, operator, h.app); err == nil {
			w := issuer.Killing{KeyID: keys[h.random.IntN(len(keys))].ID, Reason: "leaked", Replace: h.random.IntN(2) == 0}
			_, _ = h.KillKey(ctx, operator, h.app, w)
		}
	case 5:
		state := []issuer.AppState{issuer.Running, issuer.Stopped}[h.random.IntN(2)]
		_, _ = h.UpdateApp(ctx, operator, h.app, func(a *issuer.App) error { a.State = state; return nil })
	case 6:
		scheme := []string{"ecdsa", "hmac"}[h.random.IntN(2)]
		_, _ = h.UpdateApp(ctx, operator, h.app, func(a *issuer.App) error { a.Settings.Scheme = scheme; return nil })
	case 7:
		h.storeOut.Store(h.random.IntN(3) == 0)
	case 8, 9:
		time.Sleep(h.seconds(120))
	case 10:
		if h.random.IntN(8) == 0 {
			h.shift.Store(int64(-h.seconds(180))) // the clock is set back
		}
	default:
		h.issue()
	}
}

// agree holds both verdicts on every token together, and counts them by reason.
func (h *history) agree(seen map[string]int) {
	h.t.Helper()
	synctest.Wait() // nothing is read of the store between two questions
	for _, held := range h.held {
		_, want := h.ask(held.q)
		got := h.Recheck(h.t.Context(), held.p)
		a, okA := usersig.RefusalOf(want)
		b, okB := usersig.RefusalOf(got)
		if (want == nil) != (got == nil) || okA != okB || a.Code != b.Code || a.TRTC != b.TRTC || a.Reason != b.Reason || a.Check != b.Check {
			h.t.Errorf("Recheck = %v (%+v), and Verdict = %v (%+v)", got, b, want, a)
		}
		if !okA && !errors.Is(got, want) && want != nil {
			h.t.Errorf("Recheck = %v, and Verdict = %v", got, want)
		}
		switch {
		case want == nil:
			seen["ok"]++
		case okA:
			seen[a.Reason]++
		default:
			seen[want.Error()]++
		}
	}
}

// Whatever happens, a session is told what its token would be told.
func TestRecheckIsTheVerdict(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(40) {
		runOutages(t, func(w *outages) {
			h := &history{outages: w, random: rand.New(rand.NewPCG(seed, 1))}
			h.app = h.create(hosted([]string{"ecdsa", "hmac"}[seed%2])).App.ID
			for range 60 {
				h.step()
				h.agree(seen)
				if t.Failed() {
					t.Fatalf("with seed %d", seed)
				}
			}
			h.storeOut.Store(false)
		})
	}
	for _, reason := range []usersig.Error{
		usersig.ErrAppUnknown, usersig.ErrNoKey, usersig.ErrSignature, usersig.ErrExpired, usersig.ErrNotYetValid, usersig.ErrRevoked, usersig.ErrBlocked,
	} {
		if seen[reason.Reason()] < 10 {
			t.Errorf("too few verdicts were %q: %v", reason.Reason(), seen)
		}
	}
	if seen["ok"] < 100 || seen[issuer.ErrStale.Error()] < 10 {
		t.Errorf("the verdicts were %v", seen)
	}
	t.Logf("verdicts: %v", seen)
}

func TestRecheckOfNothing(t *testing.T) {
	run(t, func(w *world) {
		w.want(w.Recheck(w.t.Context(), issuer.ProofOf(usersig.Verified{})), usersig.ErrAppUnknown)
	})
}

func TestSettingsForDoors(t *testing.T) {
	runOutages(t, func(w *outages) {
		made := w.create(issuer.Settings{RequirePrivateMapKey: true, Custody: "hosted"})
		got, err := w.Settings(made.App.ID)
		w.want(err, nil)
		if !got.RequirePrivateMapKey {
			t.Errorf("Settings = %+v", got)
		}
		for _, app := range []uint32{0, 7} {
			_, err = w.Settings(app)
			w.want(err, usersig.ErrAppUnknown)
		}
		_, err = w.UpdateApp(w.t.Context(), operator, made.App.ID, func(a *issuer.App) error { a.State = issuer.Stopped; return nil })
		w.want(err, nil)
		_, err = w.Settings(made.App.ID)
		w.want(err, usersig.ErrAppUnknown)
		w.storeOut.Store(true)
		time.Sleep(time.Minute)
		_, err = w.Settings(made.App.ID)
		w.want(err, issuer.ErrStale)
	})
}

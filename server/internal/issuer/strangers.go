package issuer

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
)

// UseAPIKey is recorded of an API key that was there and did not let its bearer in.
const UseAPIKey access.Action = "apikey.use"

// stranger is who has not proved who they are, in the log.
const stranger = "stranger"

const (
	// Of one application and source, one entry a second says enough.
	strangerPause = time.Second
	// All of them together must not fill the disk: 30 MB a day at most.
	strangersPerSecond, strangersAtOnce = 1, 60
	// What is left out is counted, and the count recorded.
	leftOutEvery = time.Minute
)

// strangers says which refusals of strangers are recorded: those whom nobody vouches for
// can send any number.
type strangers struct {
	reporting chan struct{} // of one: held while what was left out is recorded

	mu    sync.Mutex
	room  *rate.Limiter            // guarded by mu
	began time.Time                // of seen; guarded by mu
	seen  map[strangerSource]bool  // who was recorded in this second; guarded by mu
	left  map[strangerWish]leftOut // guarded by mu
	timer *time.Timer              // runs while something is left out; guarded by mu
}

type strangerSource struct {
	app    uint32
	source netip.Addr
}

type strangerWish struct {
	app    uint32
	action access.Action
}

type leftOut struct {
	n     int
	since time.Time
}

// Turned records that somebody was turned away before they had proved who they are: at
// most once a second for each application and source, and then as a number. Of c,
// Source and Request count. Subject is who or what they claimed to be.
func (s *Service) Turned(ctx context.Context, c access.Caller, a access.Action, app uint32, subject, why string) {
	if _, err := s.member(app); err != nil {
		app = Platform // a number that was made up
	}
	if c.ID == "" {
		c.ID = stranger
	}
	e := s.entry(c, a, app, subject)
	e.Outcome, e.Detail = audit.Denied, cut(why)
	if s.strangers.leaveOut(e, Subscriber(c.Source), s.reportStrangers) {
		return
	}
	// Who hangs up stays in the log, and who was refused is refused, recorded or not.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := s.journal.record(ctx, e); err != nil {
		s.log.WarnContext(ctx, "a refusal was not recorded", "action", a, "err", err)
	}
}

// leaveOut reports whether an entry is only counted, which report is told of later.
func (st *strangers) leaveOut(e *audit.Entry, source netip.Addr, report func()) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.room == nil {
		st.room, st.left = rate.NewLimiter(strangersPerSecond, strangersAtOnce), make(map[strangerWish]leftOut)
	}
	if st.seen == nil || e.At.Sub(st.began) >= strangerPause {
		st.began, st.seen = e.At, make(map[strangerSource]bool)
	}
	who := strangerSource{e.App, source}
	if !st.seen[who] && st.room.AllowN(e.At, 1) {
		st.seen[who] = true
		return false
	}
	wish := strangerWish{e.App, e.Action}
	left := st.left[wish]
	if left.n++; left.n == 1 {
		left.since = e.At
	}
	st.left[wish] = left
	if st.timer == nil {
		st.timer = time.AfterFunc(leftOutEvery, report)
	}
	return true
}

// reportStrangers records how many were left out. When it returns, no report is under way
// that began before: what is counted in one must be in the log when the service is closed.
func (s *Service) reportStrangers() {
	st := &s.strangers
	st.reporting <- struct{}{}
	defer func() { <-st.reporting }()
	st.mu.Lock()
	all := st.left
	st.left = make(map[strangerWish]leftOut)
	if st.timer != nil {
		st.timer.Stop()
		st.timer = nil
	}
	st.mu.Unlock()
	var entries []*audit.Entry
	for wish, left := range all {
		e := s.entry(access.Caller{ID: stranger}, wish.action, wish.app, "")
		e.Outcome = audit.Denied
		e.Detail = fmt.Sprintf("%d more since %s", left.n, left.since.UTC().Format(time.RFC3339))
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.journal.record(ctx, entries...); err != nil {
		s.log.Warn("refusals were not recorded", "kinds", len(entries), "err", err)
	}
}

// TurnedKey is Turned for the text of a credential that Authenticate did not take, if it
// is an API key that exists. Nothing is recorded of others: anybody can make those up.
func (s *Service) TurnedKey(ctx context.Context, text string, c access.Caller) {
	rest, _ := strings.CutPrefix(text, keyPrefix)
	id, encoded, _ := strings.Cut(rest, "_")
	known, ok := s.ring.Load().apiKeys[id]
	if !ok {
		return
	}
	secret, err := strictBase64.DecodeString(encoded)
	sum := sha256.Sum256(secret)
	k := known.key
	why := "it may not be used from there"
	switch {
	case err != nil || subtle.ConstantTimeCompare(sum[:], k.Hash) != 1:
		why = "the secret is wrong"
	case k.ExpiresAt != nil && !s.clock().Before(*k.ExpiresAt):
		c.ID, why = known.caller, "it has expired"
	default:
		c.ID = known.caller
	}
	s.Turned(ctx, c, UseAPIKey, known.app, id, why)
}

// Admit returns nil if the caller may ask for an action, and [ErrDenied] with the denial
// on record if not: for whoever must know it before the request itself is known.
func (s *Service) Admit(ctx context.Context, c access.Caller, a access.Action, app uint32, subject string) error {
	if c.May(a, app, subject) {
		return nil
	}
	return s.deny(ctx, c, s.entry(c, a, app, subject))
}

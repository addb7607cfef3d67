// Package gate decides who may enter a room, and for how long they may stay.
//
// It knows no audio and no video: an [Engine] has those. What an engine asks the gate
// and what the gate asks of an engine is all there is between them, so that every engine
// gives the same verdict.
package gate

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"usersig"
	"usersig/server/internal/issuer"
)

// Verdicts is what the gate asks of the domain. [*issuer.Service] gives them.
type Verdicts interface {
	// Verdict verifies a token.
	Verdict(ctx context.Context, app uint32, q issuer.Question) (usersig.Verified, error)
	// Recheck gives the verdict on a token that was verified before.
	Recheck(ctx context.Context, proof issuer.Proof) error
	// Settings returns the settings of an application that runs.
	Settings(app uint32) (issuer.Settings, error)
	// Subscribe calls changed after something became known that can change verdicts.
	Subscribe(changed func(issuer.Change)) (cancel func())
}

// Options adjusts a [Gate]. The zero value selects the defaults.
type Options struct {
	// Clock returns the current time. If nil, [time.Now] is used.
	Clock func() time.Time
	// Log receives what nobody else is told. If nil, it is dropped.
	Log *slog.Logger
	// StayAtExpiry keeps users in a room after their UserSig has ended, until they
	// connect again. By default they have to leave.
	StayAtExpiry bool
	// Evicted, if not nil, is told the reason of each eviction: a refusal's name, or [Lied].
	Evicted func(reason string)
	// Limits bounds connections and sessions. A zero in it selects a default.
	Limits Limits
}

// Gate admits users and evicts them. It is safe for concurrent use.
type Gate struct {
	verdicts Verdicts
	clock    func() time.Time
	log      *slog.Logger
	keep     bool // users whose proofs have ended
	evicted  func(reason string)

	connected, inside crowd // connections, and users in rooms

	mu       sync.Mutex            // may be held when a crowd's is taken, not the other way round
	sessions map[*Session]struct{} // guarded by mu, as those below
	byUser   map[userKey]map[*Session]struct{}
	places   map[place]*taken

	cancel func() // of the subscription
	stop   context.CancelFunc
	done   sync.WaitGroup
}

type userKey struct {
	app  uint32
	user string
}

// New returns a gate. It watches over sessions until Close.
func New(verdicts Verdicts, opts Options) *Gate {
	limits := opts.Limits.orDefault()
	g := &Gate{
		verdicts: verdicts, clock: opts.Clock, log: opts.Log, keep: opts.StayAtExpiry, evicted: opts.Evicted,
		connected: newCrowd(limits), inside: newCrowd(limits),
		sessions: make(map[*Session]struct{}), byUser: make(map[userKey]map[*Session]struct{}), places: make(map[place]*taken),
	}
	if g.clock == nil {
		g.clock = time.Now //nolint:forbidigo // the documented default
	}
	if g.evicted == nil {
		g.evicted = func(string) {}
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	changed := make(chan issuer.Change, 64)
	g.cancel = verdicts.Subscribe(func(c issuer.Change) {
		select {
		case changed <- c:
		default: // the sweep finds what is left out
		}
	})
	g.done.Go(func() { g.watch(ctx, changed) })
	return g
}

// Sessions returns how many there are.
func (g *Gate) Sessions() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sessions)
}

// Close ends what runs in the background. Sessions stay as they are.
func (g *Gate) Close() {
	g.cancel()
	g.stop()
	g.done.Wait()
}

// Enter verifies a credential and admits its user: the whole way from what a client
// sent to a pass. Source is where the request came from.
func (g *Gate) Enter(ctx context.Context, c Credential, source netip.Addr) (Pass, error) {
	who, err := g.verdicts.Verdict(ctx, c.App, issuer.Question{Token: c.UserSig, UserID: c.UserID, Purpose: usersig.UserSig, Source: source})
	if err != nil {
		return Pass{}, err
	}
	join := Join{Room: c.Room}
	if c.PrivateMapKey != "" {
		join.Ticket, err = g.verdicts.Verdict(ctx, c.App, issuer.Question{Token: c.PrivateMapKey, UserID: c.UserID, Purpose: usersig.PrivateMapKey, Room: c.Room, Source: source})
		if err != nil {
			return Pass{}, err
		}
	}
	p, err := g.Admit(ctx, who, join)
	if err != nil {
		return Pass{}, err
	}
	p.source = source
	return p, nil
}

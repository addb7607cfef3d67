package media

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livekit/livekit-server/pkg/rtc/types"
	"github.com/livekit/livekit-server/pkg/rtc/types/typesfakes"
	"github.com/livekit/protocol/livekit"

	"usersig"
	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
)

// yes are verdicts of whom nothing is held against.
type yes struct{}

func (yes) Verdict(context.Context, uint32, issuer.Question) (usersig.Verified, error) {
	return usersig.Verified{}, usersig.ErrSignature
}
func (yes) Recheck(context.Context, issuer.Proof) error   { return nil }
func (yes) Settings(uint32) (issuer.Settings, error)      { return issuer.Settings{}, nil }
func (yes) Subscribe(func(issuer.Change)) (cancel func()) { return func() {} }

// alone is an engine with a gate and nothing of LiveKit's.
func alone(t *testing.T) *Engine {
	t.Helper()
	g := gate.New(yes{}, gate.Options{})
	t.Cleanup(g.Close)
	return &Engine{gate: g, clock: time.Now, seats: map[string]*seat{}, bySID: map[string]*seat{}}
}

// passFor is a pass of alice's, with a ticket.
func passFor(t *testing.T, allow usersig.Privilege) gate.Pass {
	t.Helper()
	proof := issuer.Proof{App: 1, UserID: "alice", Purpose: usersig.UserSig, Scheme: usersig.SchemeHMAC, ExpiresAt: time.Now().Add(time.Hour)}
	text, err := json.Marshal(map[string]any{"app": 1, "user": "alice", "room": usersig.Room{ID: 100}, "rights": allow, "proofs": []issuer.Proof{proof, proof}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := gate.Carried(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// participant is one of LiveKit's that can leave.
func participant() *typesfakes.FakeLocalParticipant {
	p := &typesfakes.FakeLocalParticipant{}
	var mu sync.Mutex
	var closed bool
	var left []func(types.LocalParticipant)
	p.IsClosedStub = func() bool {
		mu.Lock()
		defer mu.Unlock()
		return closed
	}
	p.AddOnCloseStub = func(_ string, f func(types.LocalParticipant)) {
		mu.Lock()
		defer mu.Unlock()
		left = append(left, f)
	}
	p.CloseStub = func(bool, types.ParticipantCloseReason, bool) error {
		mu.Lock()
		was, all := closed, left
		closed = true
		mu.Unlock()
		for _, f := range all {
			if !was {
				f(p)
			}
		}
		return nil
	}
	return p
}

// TestRenewedOnTheWayIn: a narrow ticket that is handed in between the beginning of a
// session with a wide one and its seat narrows the session. Its permission was LiveKit's
// already, and there was nobody yet to take it from.
func TestRenewedOnTheWayIn(t *testing.T) {
	for _, one := range []struct {
		name  string
		renew func(e *Engine, t *testing.T)
		anew  bool // the client has to come in anew
	}{
		{"a narrower one", func(e *Engine, t *testing.T) { e.gate.Renew(passFor(t, usersig.Audience)) }, true},
		{"the same", func(e *Engine, t *testing.T) { e.gate.Renew(passFor(t, usersig.AllPrivileges)) }, false},
		{"none", func(*Engine, *testing.T) {}, false},
	} {
		t.Run(one.name, func(t *testing.T) {
			e, p, party := alone(t), passFor(t, usersig.AllPrivileges), participant()
			s := newSeat(e, &p, true)
			session, err := e.gate.Open(t.Context(), p, s)
			if err != nil {
				t.Fatal(err)
			}
			pass := session.Pass()
			given := pass.Rights()
			one.renew(e, t)
			if !s.take(nil, party, session, given) {
				t.Fatal("the user is not there")
			}
			if !one.anew {
				if party.SetPermissionCallCount() > 0 || party.CloseCallCount() > 0 || e.gate.Sessions() != 1 {
					t.Error("the user was limited without need")
				}
				return
			}
			if n := party.SetPermissionCallCount(); n != 1 {
				t.Fatalf("the permission was set %d times", n)
			}
			if got := party.SetPermissionArgsForCall(0); got.GetCanPublish() || !got.GetCanSubscribe() {
				t.Errorf("the permission is %v", got)
			}
			if party.CloseCallCount() != 1 || e.gate.Sessions() != 0 || len(e.seats) != 0 {
				t.Error("LiveKit goes on to subscribe the user to everything")
			}
		})
	}
}

// TestLeftOnTheWayIn: of a user who has left before their seat was known, nothing stays:
// neither the session, which would count and be evicted in vain, nor the seat, which
// would stand in the way of that of a second login.
func TestLeftOnTheWayIn(t *testing.T) {
	e, p := alone(t), passFor(t, usersig.AllPrivileges)
	sit := func(party types.LocalParticipant) (*seat, bool) {
		s := newSeat(e, &p, true)
		session, err := e.gate.Open(t.Context(), p, s)
		if err != nil {
			t.Fatal(err)
		}
		there := s.take(nil, party, session, p.Rights())
		if !there {
			session.Close() // as begin does
		}
		return s, there
	}
	second, there := sit(participant())
	if !there || e.seatOf(&p) != second {
		t.Fatal("the second login has no seat")
	}
	first := participant()
	if err := first.Close(false, types.ParticipantCloseReasonDuplicateIdentity, false); err != nil {
		t.Fatal(err)
	}
	if _, there := sit(first); there {
		t.Error("who has left has a seat")
	}
	if e.seatOf(&p) != second || e.gate.Sessions() != 1 {
		t.Errorf("the seat is not the second login's, or there are %d sessions", e.gate.Sessions())
	}
	_, party := second.at()
	if err := party.Close(false, types.ParticipantCloseReasonClientRequestLeave, false); err != nil {
		t.Fatal(err)
	}
	if e.seatOf(&p) != nil || e.gate.Sessions() != 0 {
		t.Error("who has left is still there")
	}
}

// TestSeatedByID: who is in the room is found by the participant's ID, a second login as
// well as the first until that has left.
func TestSeatedByID(t *testing.T) {
	e, p := alone(t), passFor(t, usersig.AllPrivileges)
	enter := func(sid livekit.ParticipantID) types.LocalParticipant {
		party, s := participant(), newSeat(e, &p, true)
		party.IDReturns(sid)
		session, err := e.gate.Open(t.Context(), p, s)
		if err != nil || !s.take(nil, party, session, p.Rights()) {
			t.Fatal("the user is not there", err)
		}
		return party
	}
	first, second := enter("PA_1"), enter("PA_2")
	if !e.isSeated("PA_1") || !e.isSeated("PA_2") || e.isSeated("") {
		t.Error("the wrong ones are in the room")
	}
	for _, party := range []types.LocalParticipant{first, second} {
		if err := party.Close(false, types.ParticipantCloseReasonDuplicateIdentity, false); err != nil {
			t.Fatal(err)
		}
		if e.isSeated(string(party.ID())) {
			t.Errorf("%s has left", party.ID())
		}
	}
	if len(e.bySID) > 0 || len(e.seats) > 0 {
		t.Errorf("left over: %v, %v", e.bySID, e.seats)
	}
}

// TestRelayUntilNewest: credentials of relays last as long as the newest proof, whoever
// handed it in, and no resumption with an older one shortens them.
func TestRelayUntilNewest(t *testing.T) {
	e, p := alone(t), passFor(t, usersig.AllPrivileges)
	end := p.ExpiresAt()
	over := end.Add(usersig.DefaultLeeway)
	e.clock = func() time.Time { return end.Add(-3 * time.Minute) }
	e.config.Relay.UDPPort, e.secret = 3478, relaySecret()
	s := newSeat(e, &p, true)
	session, err := e.gate.Open(t.Context(), p, s)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	s.session.Store(session)
	until := func() time.Time {
		text, _, _ := strings.Cut(e.iceServers(s)[0].Username, ":")
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return time.Unix(n, 0)
	}
	if got := until(); got.Unix() != over.Unix() {
		t.Errorf("the first lasts until %v, want %v", got, over)
	}
	newer, err := gate.Carried(strings.ReplaceAll(p.Carry(), end.Format(time.RFC3339Nano), end.Add(time.Hour).Format(time.RFC3339Nano)))
	if err != nil || !newer.ExpiresAt().After(end) {
		t.Fatal("no newer pass", err)
	}
	e.gate.Renew(newer)
	if got := until(); !got.After(over) {
		t.Errorf("after a renewal until %v", got)
	}
	e.gate.Resume(p)
	if got := until(); !got.After(over) {
		t.Errorf("after a resumption with the first until %v", got)
	}
}

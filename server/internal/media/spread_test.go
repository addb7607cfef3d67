package media

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/livekit"

	"usersig"
	"usersig/server/internal/gate"
)

// TestWaitingRenewals: a user who asks for the same renewal a thousand times does not make
// a thousand subscriptions, and leaves room for others.
func TestWaitingRenewals(t *testing.T) {
	var w waiting
	var ends []func()
	begin := func(id string) error {
		end, err := w.begin(user{1, id})
		if err == nil {
			ends = append(ends, end)
		}
		return err
	}
	for i := range 1000 {
		if err := begin("mallory"); i < mostWaitingOfUser && err != nil || i >= mostWaitingOfUser && !errors.Is(err, gate.ErrCrowded) {
			t.Fatalf("%d: %v", i, err)
		}
	}
	for i := range mostWaiting - mostWaitingOfUser {
		if err := begin(fmt.Sprint("user", i)); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if err := begin("alice"); !errors.Is(err, gate.ErrCrowded) {
		t.Errorf("one too many in all: %v", err)
	}
	for _, end := range ends {
		end()
	}
	if err := begin("mallory"); err != nil || w.all != 1 || len(w.of) != 1 {
		t.Errorf("after all have ended: %v, %d, %v", err, w.all, w.of)
	}
}

// TestUnheard: only that nobody answers in all of the time means that the user is not there.
func TestUnheard(t *testing.T) {
	broken := errors.New("broken")
	ours, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	over, cancel2 := context.WithTimeout(t.Context(), -1)
	defer cancel2()
	left, leave := context.WithCancel(t.Context())
	leave()
	for _, one := range []struct {
		name         string
		caller, ours context.Context
		err, want    error
	}{
		{"an answer", t.Context(), ours, nil, nil},
		{"Redis fails", t.Context(), ours, broken, broken},
		{"the time is over", t.Context(), over, broken, gate.ErrNoUser},
		{"the caller hangs up", left, over, broken, context.Canceled},
	} {
		if err := unheard(one.caller, one.ours, one.err); !errors.Is(err, one.want) {
			t.Errorf("%s: %v, want %v", one.name, err, one.want)
		}
	}
}

// asked is a store that was asked where users are.
type asked struct {
	service.ObjectStore
	times int
	there bool
}

func (a *asked) HasParticipant(context.Context, livekit.RoomName, livekit.ParticipantIdentity) (bool, error) {
	a.times++
	return a.there, nil
}

// stream is a seat that is not the engine's.
type stream struct{}

func (stream) Evict(error)       {}
func (stream) Limit(gate.Rights) {}
func (stream) Warn(time.Time)    {}

// TestRenewedBeyondStream: a user who publishes a stream here may be in the room on another
// node. That the stream was renewed is not all.
func TestRenewedBeyondStream(t *testing.T) {
	e, p := alone(t), passFor(t, usersig.AllPrivileges)
	store := &asked{}
	e.lk = &livekitParts{store: store}
	if err := e.spread(t.Context(), &p); !errors.Is(err, gate.ErrNoUser) || store.times != 1 {
		t.Errorf("nobody is there: %v, asked %d times", err, store.times)
	}
	session, err := e.gate.Open(t.Context(), p, stream{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if err := e.spread(t.Context(), &p); err != nil || store.times != 2 {
		t.Errorf("a stream alone: %v, asked %d times", err, store.times)
	}
	e.lk.redis, store.there = noRedis(t), true
	if err := e.spread(t.Context(), &p); err == nil || errors.Is(err, gate.ErrNoUser) {
		t.Errorf("a stream, and a room that cannot be reached: %v", err)
	}
	s := newSeat(e, &p, true)
	if !s.take(nil, participant(), session, p.Rights()) {
		t.Fatal("the user is not there")
	}
	if err := e.spread(t.Context(), &p); err != nil || store.times != 3 {
		t.Errorf("in the room here: %v, asked %d times", err, store.times)
	}
}

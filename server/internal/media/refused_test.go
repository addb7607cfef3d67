package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/livekit/livekit-server/pkg/routing/routingfakes"
	"golang.org/x/time/rate"

	"usersig"
	"usersig/server/internal/gate"
)

// TestRefusedOnTheNodeOfTheRoom: who is refused is told so by the end of the connection,
// and cannot fill the log by asking again. What fails by itself goes on to LiveKit.
func TestRefusedOnTheNodeOfTheRoom(t *testing.T) {
	p, broken := passFor(t, usersig.AllPrivileges), errors.New("broken")
	refusal, _ := usersig.RefusalOf(usersig.ErrRevoked)
	for _, why := range []error{errLied, errors.Join(errNoSession, nil), gate.ErrCrowded, &refusal, usersig.ErrNoRightCreate, broken} {
		var log bytes.Buffer
		e := alone(t)
		e.clock = func() time.Time { return time.Unix(1_800_000_000, 0) }
		e.log, e.told = slog.New(slog.NewTextHandler(&log, nil)), rate.NewLimiter(10, 100)
		h := &host{engine: e}
		for range 1000 {
			to := &routingfakes.FakeMessageSink{}
			err := h.answer(&p, to, why)
			if why == broken {
				if !errors.Is(err, broken) || to.CloseCallCount() > 0 || log.Len() > 0 {
					t.Fatalf("%v: %v", why, err)
				}
				continue
			}
			if err != nil || to.CloseCallCount() != 1 {
				t.Fatalf("%v: %v, closed %d times", why, err, to.CloseCallCount())
			}
		}
		if n := bytes.Count(log.Bytes(), []byte("user refused")); why != broken && n != 100 {
			t.Errorf("%v is logged %d times", why, n)
		}
	}
	to := &routingfakes.FakeMessageSink{}
	if err := (&host{}).answer(&p, to, nil); err != nil || to.CloseCallCount() > 0 {
		t.Errorf("who was let in: %v", err)
	}
}

// TestOutcome: every answer has a name of its own in the metrics.
func TestOutcome(t *testing.T) {
	refusal, _ := usersig.RefusalOf(usersig.ErrRevoked)
	for want, err := range map[string]error{
		"ok": nil, "crowded": fmt.Errorf("enter: %w", gate.ErrCrowded), "no_user": gate.ErrNoUser, "revoked": &refusal,
		"canceled": context.Canceled, "unavailable": errors.New("redis: refused"),
	} {
		if got := outcome(err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
}

// TestCanceledIsNotLogged: who does not wait for the answer is not a failure of the server,
// and could fill the log with them.
func TestCanceledIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	e := alone(t)
	e.log, e.told, e.source = slog.New(slog.NewTextHandler(&log, nil)), rate.NewLimiter(10, 100), sourceOf
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/rtc", nil)
	w := httptest.NewRecorder()
	e.refuse(w, r, context.Canceled)
	if w.Code != http.StatusServiceUnavailable || log.Len() == 0 {
		t.Errorf("somebody else's cancellation: %d, %q", w.Code, log.String())
	}
	cancel()
	log.Reset()
	e.refuse(httptest.NewRecorder(), r, context.Canceled)
	if log.Len() > 0 {
		t.Errorf("logged: %s", log.String())
	}
}

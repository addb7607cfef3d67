package media

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// TestQuieter: a client that makes LiveKit complain of every packet does not fill the
// disk, and what is no complaint is detail.
func TestQuieter(t *testing.T) {
	var out bytes.Buffer
	log := quieter{slog.NewTextHandler(&out, nil), rate.NewLimiter(toldPerSecond, toldAtOnce)}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	say := func(level slog.Level, text string, n int) {
		for range n {
			if log.Enabled(context.Background(), level) {
				_ = log.Handle(context.Background(), slog.NewRecord(at, level, text, 0))
			}
		}
	}
	say(slog.LevelError, "an unexpected packet", 10*toldAtOnce)
	say(slog.LevelInfo, "news", 1)
	if n := strings.Count(out.String(), "packet"); n != toldAtOnce || strings.Contains(out.String(), "news") {
		t.Errorf("%d lines at once, not %d:\n%.500s", n, toldAtOnce, out.String())
	}
	at = at.Add(time.Second)
	say(slog.LevelError, "an unexpected packet", 10*toldAtOnce)
	if n := strings.Count(out.String(), "packet"); n != toldAtOnce+toldPerSecond {
		t.Errorf("%d lines a second later", n-toldAtOnce)
	}
}

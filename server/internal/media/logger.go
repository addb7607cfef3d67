package media

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/go-logr/logr"
	"github.com/livekit/protocol/logger"
	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"
)

// logTo sends what LiveKit and the Redis client log to the engine that was opened last:
// each of them has one logger for the whole process.
func logTo(log *slog.Logger) {
	latest.Store(log)
	loggers.Do(func() {
		logger.SetLogger(logger.LogRLogger(logr.FromSlogHandler(quieter{
			redirected{func(h slog.Handler) slog.Handler { return h }}, rate.NewLimiter(toldPerSecond, toldAtOnce),
		})), "livekit")
		redis.SetLogger(redisLogger{})
	})
}

var (
	latest  atomic.Pointer[slog.Logger]
	loggers sync.Once
)

// redirected is the handler of the latest logger, whichever that is when something is
// logged.
type redirected struct {
	with func(slog.Handler) slog.Handler
}

func (redirected) Enabled(ctx context.Context, level slog.Level) bool {
	return latest.Load().Enabled(ctx, level)
}

func (r redirected) Handle(ctx context.Context, record slog.Record) error {
	return r.with(latest.Load().Handler()).Handle(ctx, record)
}

func (r redirected) WithAttrs(attrs []slog.Attr) slog.Handler {
	return redirected{func(h slog.Handler) slog.Handler { return r.with(h).WithAttrs(attrs) }}
}

func (r redirected) WithGroup(name string) slog.Handler {
	return redirected{func(h slog.Handler) slog.Handler { return r.with(h).WithGroup(name) }}
}

// redisLogger keeps what the Redis client has to say out of the standard error. It
// repeats what fails anyway.
type redisLogger struct{}

// Printf implements the Redis client's logger.
func (redisLogger) Printf(ctx context.Context, format string, v ...any) {
	latest.Load().DebugContext(ctx, "redis", "says", fmt.Sprintf(format, v...))
}

// quieter lowers the voice of LiveKit: what is news to it is detail to an operator, and
// what it cannot do because it was told not to is no news at all. It has a line for every
// packet that it does not expect, so a client could fill the disk: only some go on.
type quieter struct {
	slog.Handler
	some *rate.Limiter
}

// unwanted are lines about what is switched off here: LiveKit's own tokens.
var unwanted = map[string]bool{"could not refresh token": true}

func (q quieter) Enabled(ctx context.Context, level slog.Level) bool {
	return q.Handler.Enabled(ctx, lower(level))
}

func (q quieter) Handle(ctx context.Context, r slog.Record) error {
	if unwanted[r.Message] {
		return nil
	}
	r.Level = lower(r.Level)
	if r.Level >= slog.LevelWarn && !q.some.AllowN(r.Time, 1) {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func (q quieter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quieter{q.Handler.WithAttrs(attrs), q.some}
}

func (q quieter) WithGroup(name string) slog.Handler {
	return quieter{q.Handler.WithGroup(name), q.some}
}

func lower(l slog.Level) slog.Level {
	if l < slog.LevelWarn {
		return slog.LevelDebug
	}
	return l
}

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// channel is what commits that put something are announced on. An announcement says
// nothing but that there is one: what changed is read by who may.
const channel = "usersig"

// A watch that has lost its connection tries again after these times.
const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// Watch implements [issuer.Store]. It holds a connection of its own, and fires for the
// commits of this node as well.
func (s *Store) Watch(ctx context.Context) <-chan struct{} {
	fired := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.closing, cancel)
	s.running.Go(func() {
		defer close(fired)
		defer cancel()
		defer stop()
		s.watch(ctx, fired)
	})
	return fired
}

// watch listens, and listens again, until ctx ends.
func (s *Store) watch(ctx context.Context, fired chan<- struct{}) {
	retry := firstRetry
	for ctx.Err() == nil {
		if s.listen(ctx, fired) {
			retry = firstRetry
		}
		pause := time.NewTimer(retry)
		select {
		case <-ctx.Done():
			pause.Stop()
		case <-pause.C:
		}
		retry = min(2*retry, lastRetry)
	}
}

// listen passes on what is announced, until the connection fails. It reports whether it
// had one. Why it failed does not matter: the poll behind the watch finds out too.
func (s *Store) listen(ctx context.Context, fired chan<- struct{}) (heard bool) {
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return false
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ending) // it may have failed before
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return false
	}
	for {
		// The first time for what was missed without a connection.
		select {
		case fired <- struct{}{}:
		default: // the last one was not taken yet
		}
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return true
		}
	}
}

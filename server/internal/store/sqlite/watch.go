package sqlite

import (
	"context"
	"sync"
)

// watchers are the channels that [Store.Watch] handed out.
type watchers struct {
	mu     sync.Mutex
	cancel map[chan struct{}]context.CancelFunc
	closed bool
}

func (w *watchers) add(ctx context.Context) <-chan struct{} {
	fired := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		cancel()
	}
	if w.cancel == nil {
		w.cancel = map[chan struct{}]context.CancelFunc{}
	}
	w.cancel[fired] = cancel
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		cancel()
		delete(w.cancel, fired)
		close(fired)
	})
	return fired
}

func (w *watchers) fire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for fired := range w.cancel {
		select {
		case fired <- struct{}{}:
		default: // it has yet to take the last one
		}
	}
}

func (w *watchers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, cancel := range w.cancel {
		cancel()
	}
}

package hook

import (
	"context"
	"time"
)

// Claims is how nodes that let users into one MediaMTX know of each other's.
type Claims interface {
	// Claim says, for as long as ttl, that this node watches over connections.
	Claim(ctx context.Context, ids []string, ttl time.Duration) error
	// Claimed returns those of the connections that some node watches over.
	Claimed(ctx context.Context, ids []string) (map[string]bool, error)
}

const (
	// lookEvery is how long engines are left alone between two looks.
	lookEvery = 5 * time.Second
	// claimTTL is how long after its end a node is thought to watch over streams.
	claimTTL = 4 * lookEvery
)

// watch looks at the engines' streams again and again, until the handler is closed.
func (h *Handler) watch() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var strangers map[conn]bool
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-tick.C:
		}
		h.forgetSilent()
		if h.api == nil {
			continue
		}
		h.forgetGone(h.ctx)
		var err error
		if strangers, err = h.endStrangers(h.ctx, strangers); err != nil && h.ctx.Err() == nil {
			h.opts.Log.Warn("cannot look for streams on MediaMTX that nobody watches over", "err", err)
		}
	}
}

// conn is a connection to MediaMTX.
type conn struct{ protocol, id string }

// endStrangers ends the streams on MediaMTX that no node watches over: they were let in
// before this one started, or by one that has died, and would outlive a revocation.
// MediaMTX does not ask again about a stream, but about the client that comes back.
//
// One is ended when it was a stranger at the last look already: it could have been on its
// way in. What it returns are the strangers of this look.
func (h *Handler) endStrangers(ctx context.Context, before map[conn]bool) (map[conn]bool, error) {
	if h.opts.Claims == nil && h.opts.Shared {
		return nil, nil //nolint:nilnil // any of them can be another node's
	}
	there, err := h.api.begun(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range h.table.all() {
		delete(there, conn{s.key.kind, s.key.id})
	}
	if err := h.exceptClaimed(ctx, there); err != nil {
		return nil, err
	}
	for c := range there {
		if !before[c] {
			continue
		}
		h.opts.Log.Info("a stream on MediaMTX is ended that nobody watches over", "protocol", c.protocol, "id", c.id)
		if err := h.api.kick(ctx, c.protocol, c.id); err != nil {
			return there, err
		}
	}
	return there, nil
}

// exceptClaimed says again which streams this node watches over, and takes those out that
// others do.
func (h *Handler) exceptClaimed(ctx context.Context, there map[conn]bool) error {
	if h.opts.Claims == nil {
		return nil
	}
	var ours, ids []string
	for _, s := range h.table.all() {
		if collections[s.key.kind] != nil {
			ours = append(ours, s.key.id)
		}
	}
	if err := h.opts.Claims.Claim(ctx, ours, claimTTL); err != nil {
		return err
	}
	for c := range there {
		ids = append(ids, c.id)
	}
	claimed, err := h.opts.Claims.Claimed(ctx, ids)
	for c := range there {
		if claimed[c.id] {
			delete(there, c)
		}
	}
	return err
}

// claim says that this node watches over a stream that is about to begin.
func (h *Handler) claim(ctx context.Context, id string) {
	if h.opts.Claims == nil {
		return
	}
	if err := h.opts.Claims.Claim(ctx, []string{id}, claimTTL); err != nil {
		h.opts.Log.WarnContext(ctx, "other nodes were not told of a stream on MediaMTX", "err", err)
	}
}

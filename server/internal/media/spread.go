package media

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/redis/go-redis/v9"

	"usersig/server/internal/gate"
)

// The channels by which nodes hand a newer pass to the one that has the room, and hear
// that it was taken.
const (
	renewals = "usersig:renewals"
	answers  = "usersig:renewed:"
)

// renewal is a message in the first of them.
type renewal struct {
	Pass  string `json:"pass"`
	Reply string `json:"reply"` // the node that asks
}

// mostRenewal bounds how long a renewal may take on another node.
const mostRenewal = 3 * time.Second

// How many renewals may wait for other nodes at once. Each listens to Redis meanwhile, and
// whoever has a good UserSig could ask again and again for a room that they are not in.
const (
	mostWaiting       = 256
	mostWaitingOfUser = 4
)

// waiting counts renewals that wait for other nodes.
type waiting struct {
	mu  sync.Mutex
	all int
	of  map[user]int
}

type user struct {
	app uint32
	id  string
}

// begin fails with [gate.ErrCrowded].
func (w *waiting) begin(who user) (end func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all >= mostWaiting || w.of[who] >= mostWaitingOfUser {
		return nil, gate.ErrCrowded
	}
	if w.of == nil {
		w.of = make(map[user]int)
	}
	w.all++
	w.of[who]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.all--
		if w.of[who]--; w.of[who] == 0 {
			delete(w.of, who)
		}
	}, nil
}

// spread gives a newer pass to the sessions it is for, on whatever nodes they are. The
// gate watches over streams of another engine as well: who publishes one here may be in
// the room on another node, and would have to leave it in spite of the renewal.
func (e *Engine) spread(ctx context.Context, p *gate.Pass) error {
	n := e.gate.Renew(*p)
	if n > 0 && e.seatOf(p) != nil {
		return nil
	}
	err := e.spreadFurther(ctx, p)
	if n > 0 && errors.Is(err, gate.ErrNoUser) {
		return nil // the stream is all there is
	}
	return err
}

// spreadFurther gives a newer pass to the node that has its user.
func (e *Engine) spreadFurther(ctx context.Context, p *gate.Pass) error {
	end, err := e.waiting.begin(user{p.AppID(), p.UserID()})
	if err != nil {
		return err
	}
	defer end()
	there, err := e.lk.store.HasParticipant(ctx, roomOf(p), livekit.ParticipantIdentity(p.UserID()))
	if err != nil {
		return err
	}
	if !there || e.lk.redis == nil {
		return gate.ErrNoUser
	}
	return e.ask(ctx, p)
}

// ask hands a pass to the other nodes, and waits for the one that has its user.
func (e *Engine) ask(caller context.Context, p *gate.Pass) error {
	ctx, cancel := context.WithTimeout(caller, mostRenewal)
	defer cancel()
	back := answers + roomAndUser(p)
	sub := e.lk.redis.Subscribe(ctx, back)
	defer sub.Close()
	if _, err := sub.Receive(ctx); err != nil { // from here on no answer is missed
		return err
	}
	text, err := json.Marshal(renewal{p.Carry(), back}) //nolint:gosec // G117: a pass holds no secret
	if err != nil {
		return err
	}
	if err := e.lk.redis.Publish(ctx, renewals, text).Err(); err != nil {
		return err
	}
	_, err = sub.ReceiveMessage(ctx)
	return unheard(caller, ctx, err)
}

// unheard returns what it means that no answer came: that nobody has the user, who has
// just left, only if all the time there was has passed. A Redis that fails says nothing of
// the user, nor does a caller who hangs up.
func unheard(caller, ours context.Context, err error) error {
	if err == nil {
		return nil
	}
	if caller.Err() != nil {
		return caller.Err()
	}
	// By the clock: the connection can notice a moment before the context does.
	if end, ok := ours.Deadline(); ok && time.Until(end) <= 0 {
		return gate.ErrNoUser
	}
	return err
}

func roomAndUser(p *gate.Pass) string { return string(roomOf(p)) + "\x00" + p.UserID() }

// hearRenewals takes passes that other nodes have admitted for users here, until ctx
// ends.
func (e *Engine) hearRenewals(ctx context.Context) {
	sub := e.lk.redis.Subscribe(ctx, renewals)
	defer sub.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case m, ok := <-sub.Channel():
			if !ok {
				return // it was closed, and would be ready for ever
			}
			e.hearRenewal(ctx, m)
		}
	}
}

func (e *Engine) hearRenewal(ctx context.Context, m *redis.Message) {
	var r renewal
	err := json.Unmarshal([]byte(m.Payload), &r)
	var p gate.Pass
	if err == nil {
		p, err = gate.Carried(r.Pass)
	}
	if err != nil {
		e.log.Warn("another node's renewal cannot be read", "err", err)
		return
	}
	// Who has no more than a stream here leaves the answer to the node that has the room.
	if e.gate.Renew(p) == 0 || e.seatOf(&p) == nil {
		return
	}
	if err := e.lk.redis.Publish(ctx, r.Reply, "").Err(); err != nil {
		e.log.Warn("renewed, but could not say so", "err", err)
	}
}

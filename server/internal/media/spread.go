package media

import (
	"context"
	"encoding/json"
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

// spread gives a newer pass to the session it is for, on whatever node that is.
func (e *Engine) spread(ctx context.Context, p *gate.Pass) error {
	if e.gate.Renew(*p) > 0 {
		return nil
	}
	there, err := e.lk.store.HasParticipant(ctx, roomOf(p), livekit.ParticipantIdentity(p.UserID()))
	if err != nil {
		return err
	}
	if !there || e.lk.redis == nil {
		return gate.ErrNoUser
	}
	ctx, cancel := context.WithTimeout(ctx, mostRenewal)
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
	if _, err := sub.ReceiveMessage(ctx); err != nil {
		return gate.ErrNoUser // nobody has them: they have just left
	}
	return nil
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
		case m := <-sub.Channel():
			e.hearRenewal(ctx, m)
		}
	}
}

func (e *Engine) hearRenewal(ctx context.Context, m *redis.Message) {
	if m == nil {
		return
	}
	var r renewal
	if err := json.Unmarshal([]byte(m.Payload), &r); err != nil {
		return
	}
	p, err := gate.Carried(r.Pass)
	if err != nil || e.gate.Renew(p) == 0 {
		return
	}
	if err := e.lk.redis.Publish(ctx, r.Reply, "").Err(); err != nil {
		e.log.Warn("renewed, but could not say so", "err", err)
	}
}

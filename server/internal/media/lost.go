package media

import (
	"context"
	"errors"
	"time"

	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/livekit"
	"github.com/redis/go-redis/v9"
)

// clear forgets nodes that have died, and rooms whose node has died or does not have them
// and to which nobody came back. LiveKit would list both for ever.
func (p *places) clear(ctx context.Context) error {
	e, now := p.engine, p.engine.clock()
	if err := e.lk.router.RemoveDeadNodes(); err != nil {
		return err
	}
	rooms, err := e.lk.store.ListRooms(ctx, nil)
	if err != nil {
		return err
	}
	lost, alive := map[livekit.RoomName]time.Time{}, p.alive(ctx)
	for _, r := range rooms {
		name := livekit.RoomName(r.Name)
		if p.isThere(ctx, name, alive) {
			continue
		}
		lost[name] = now
		if since, ok := p.lost[name]; ok {
			lost[name] = since
		}
		if now.Sub(lost[name]) >= e.config.EmptyTimeout {
			err = errors.Join(err, p.forget(ctx, name))
		}
	}
	p.lost = lost
	return err
}

func (p *places) isThere(ctx context.Context, name livekit.RoomName, alive func(string) bool) bool {
	lk := p.engine.lk
	id, err := lk.redis.HGet(ctx, routing.NodeRoomKey, string(name)).Result()
	if err == nil && id == string(lk.node.NodeID()) {
		return lk.rooms.GetRoom(ctx, name) != nil
	}
	return !errors.Is(err, redis.Nil) && (err != nil || alive(id))
}

// mostForgetting is how long the lock of a room lasts that is being removed, because a node
// that dies meanwhile must not keep users out of the room for longer than LiveKit's own lock.
const mostForgetting = 5 * time.Second

// forget removes a room, unless somebody opens it again at this very moment.
func (p *places) forget(ctx context.Context, name livekit.RoomName) error {
	lk := p.engine.lk
	lock, err := lk.store.LockRoom(ctx, name, mostForgetting)
	if errors.Is(err, service.ErrRoomLockFailed) {
		return nil
	}
	if err != nil {
		return err
	}
	if !p.isThere(ctx, name, p.alive(ctx)) {
		err = errors.Join(lk.store.DeleteRoom(ctx, name), lk.router.ClearRoomState(ctx, name))
	}
	return errors.Join(err, lk.store.UnlockRoom(ctx, name, lock))
}

package media

import (
	"context"
	"errors"

	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/livekit"
	"github.com/redis/go-redis/v9"
)

// ownStore and ownRouter are Redis as the rooms of this node see it. LiveKit writes and
// removes what Redis says of a room wherever the room is by now; here, what is said of a
// room on another node is left alone, or newcomers would not find their way there.
type ownStore struct {
	service.ObjectStore
	lk *livekitParts
}

type ownRouter struct{ routing.Router }

// owns reports whether a room is on this node, which is not about to end.
func (p *livekitParts) owns(ctx context.Context, name livekit.RoomName) (bool, error) {
	if p.leaving.Load() {
		// Its rooms are about to be on other nodes, and must not be gone until then: there
		// are users who may enter a room and not make it.
		return false, nil
	}
	id, err := p.redis.HGet(ctx, routing.NodeRoomKey, string(name)).Result()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return id == string(p.node.NodeID()), err
}

// StoreRoom implements [service.ObjectStore].
func (s ownStore) StoreRoom(ctx context.Context, room *livekit.Room, internal *livekit.RoomInternal) error {
	if own, err := s.lk.owns(ctx, livekit.RoomName(room.Name)); !own {
		return err
	}
	return s.ObjectStore.StoreRoom(ctx, room, internal)
}

// DeleteRoom implements [service.ObjectStore]. It forgets the room's place as well, which
// LiveKit would do at the same time.
func (s ownStore) DeleteRoom(ctx context.Context, name livekit.RoomName) error {
	if own, err := s.lk.owns(ctx, name); !own {
		return err
	}
	return errors.Join(s.ObjectStore.DeleteRoom(ctx, name), s.lk.router.ClearRoomState(ctx, name))
}

// DeleteParticipant implements [service.ObjectStore].
func (s ownStore) DeleteParticipant(ctx context.Context, name livekit.RoomName, who livekit.ParticipantIdentity) error {
	if own, err := s.lk.owns(ctx, name); !own {
		return err
	}
	return s.ObjectStore.DeleteParticipant(ctx, name, who)
}

// ClearRoomState implements [routing.Router]. See DeleteRoom.
func (ownRouter) ClearRoomState(context.Context, livekit.RoomName) error { return nil }

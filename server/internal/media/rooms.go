package media

import (
	"context"
	"errors"
	"time"

	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/webhook"
	"github.com/livekit/psrpc"
	"github.com/redis/go-redis/v9"

	"usersig"
	"usersig/server/internal/gate"
)

// notifier is where LiveKit reports events, if it is given one, besides the web hooks
// that it would call.
type notifier struct{ engine *Engine }

// QueueNotify implements LiveKit's QueuedNotifier.
func (n *notifier) QueueNotify(_ context.Context, event *livekit.WebhookEvent, _ ...webhook.NotifyOption) error {
	if event.GetEvent() == webhook.EventTrackPublished {
		n.engine.published(livekit.RoomName(event.GetRoom().GetName()), event.GetParticipant().GetIdentity(), event.GetTrack())
	}
	return nil
}

// The rest of LiveKit's QueuedNotifier is about HTTP.
func (*notifier) RegisterProcessedHook(func(context.Context, *livekit.WebhookInfo)) {}
func (*notifier) SetKeys(string, string)                                            {}
func (*notifier) SetFilter(webhook.FilterParams)                                    {}
func (*notifier) Stop(bool)                                                         {}

// Rooms implements [gate.Engine].
func (e *Engine) Rooms(ctx context.Context, app uint32) ([]gate.RoomInfo, error) {
	all, err := e.lk.store.ListRooms(ctx, nil)
	if err != nil {
		return nil, err
	}
	var rooms []gate.RoomInfo
	var names []livekit.RoomName
	for _, r := range all {
		if of, room, ok := gate.ParseRoomName(r.Name); ok && of == app {
			rooms = append(rooms, gate.RoomInfo{Room: room, CreatedAt: time.UnixMilli(r.CreationTimeMs).UTC()})
			names = append(names, livekit.RoomName(r.Name))
		}
	}
	users, err := e.count(ctx, names)
	if err != nil {
		return nil, err
	}
	for i := range rooms {
		rooms[i].Users = users[i]
	}
	return rooms, nil
}

// count returns how many users rooms have: as many as Users lists. LiveKit's own count
// leaves out those whose media has not come yet. Of rooms on other nodes the store is
// asked, once for all of them.
func (e *Engine) count(ctx context.Context, names []livekit.RoomName) ([]int, error) {
	users := make([]int, len(names))
	elsewhere := map[int]*redis.IntCmd{}
	var ask redis.Pipeliner
	if e.lk.redis != nil {
		ask = e.lk.redis.Pipeline()
	}
	for i, name := range names {
		if room := e.lk.rooms.GetRoom(ctx, name); room != nil {
			users[i] = room.GetParticipantCount()
		} else if ask != nil {
			elsewhere[i] = ask.HLen(ctx, service.RoomParticipantsPrefix+string(name))
		}
	}
	if len(elsewhere) == 0 {
		return users, nil
	}
	if _, err := ask.Exec(ctx); err != nil {
		return nil, err
	}
	for i, n := range elsewhere {
		users[i] = int(n.Val())
	}
	return users, nil
}

// Users implements [gate.Engine].
func (e *Engine) Users(ctx context.Context, app uint32, room usersig.Room) ([]gate.UserInfo, error) {
	name := livekit.RoomName(gate.RoomName(app, room))
	there, err := e.lk.store.RoomExists(ctx, name)
	if err := missing(there, err, gate.ErrNoRoom); err != nil {
		return nil, err
	}
	// The node that has the room is asked: the store still has the users of one that died.
	all, err := e.lk.roomCalls.ListParticipants(ctx, e.lk.topics.RoomTopic(ctx, name), &livekit.ListParticipantsRequest{Room: string(name)})
	if err := unanswered(err, nil); err != nil {
		return nil, err
	}
	var users []gate.UserInfo
	for _, p := range all.GetParticipants() {
		users = append(users, userInfo(p))
	}
	return users, nil
}

// missing returns the error of a question whether something is there: that it is not, if
// there is an answer.
func missing(there bool, err, not error) error {
	if err == nil && !there {
		return not
	}
	return err
}

// unanswered returns what it means that a node did not do what it was asked to: not, if
// no node has what was asked about.
func unanswered(err, not error) error {
	if e, ok := errors.AsType[psrpc.Error](err); ok && (e.Code() == psrpc.NotFound || errors.Is(err, psrpc.ErrNoResponse)) {
		return not
	}
	return err
}

func userInfo(p *livekit.ParticipantInfo) gate.UserInfo {
	u := gate.UserInfo{UserID: p.Identity, JoinedAt: time.UnixMilli(p.JoinedAtMs).UTC()}
	for _, t := range p.Tracks {
		if kind, ok := trackOf(t.Type, t.Source); ok {
			u.Sends = append(u.Sends, kind)
		}
	}
	return u
}

// Remove implements [gate.Engine].
func (e *Engine) Remove(ctx context.Context, app uint32, room usersig.Room, user string) error {
	name, who := livekit.RoomName(gate.RoomName(app, room)), livekit.ParticipantIdentity(user)
	there, err := e.lk.store.HasParticipant(ctx, name, who)
	if err := missing(there, err, gate.ErrNoUser); err != nil {
		return err
	}
	_, err = e.lk.partyCalls.RemoveParticipant(ctx, e.lk.topics.ParticipantTopic(ctx, name, who), &livekit.RoomParticipantIdentity{Room: string(name), Identity: user})
	return unanswered(err, gate.ErrNoUser)
}

// Dissolve implements [gate.Engine].
func (e *Engine) Dissolve(ctx context.Context, app uint32, room usersig.Room) error {
	name := livekit.RoomName(gate.RoomName(app, room))
	_, _, err := e.lk.store.LoadRoom(ctx, name, false)
	if errors.Is(err, service.ErrRoomNotFound) {
		return gate.ErrNoRoom
	}
	if err != nil {
		return err
	}
	_, err = e.lk.roomCalls.DeleteRoom(ctx, e.lk.topics.RoomTopic(ctx, name), &livekit.DeleteRoomRequest{Room: string(name)})
	return err
}

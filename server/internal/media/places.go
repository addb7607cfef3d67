package media

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/routing/selector"
	"github.com/livekit/livekit-server/pkg/rtc"
	"github.com/livekit/livekit-server/pkg/rtc/types"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/livekit"
	"github.com/redis/go-redis/v9"
	"google.golang.org/protobuf/proto"

	"usersig/server/internal/gate"
)

// places is what a node knows of where rooms are, between two looks at Redis. LiveKit
// writes down where a room is when it opens and believes it ever after. But Redis can come
// back empty, and a node that was thought dead can come back: then users of one room would
// be on two nodes and never meet.
type places struct {
	engine *Engine
	served map[*bounded]string            // the node that has the session of a client here
	lost   map[livekit.RoomName]time.Time // rooms of dead nodes, since when
}

// How often Redis is looked at: for rooms of this node every second, because until then users
// of one room are apart, and for what can be cleared away less often, because every room of
// every node is read for it and nobody waits.
const (
	lookEvery  = time.Second
	looksClear = 5 // of lookEvery
)

// keep looks at Redis until ctx ends.
func (p *places) keep(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := p.look(ctx)
		if err == nil && n%looksClear == 0 {
			err = p.clear(ctx)
		}
		if err != nil && ctx.Err() == nil {
			p.engine.log.Warn("rooms cannot be looked for", "err", err)
		}
	}
}

// look compares the rooms and the calls of this node with what Redis says.
func (p *places) look(ctx context.Context) error {
	e := p.engine
	here, calls := e.roomsHere()
	names := namesOf(here, calls)
	if len(names) == 0 {
		p.served = nil
		return nil
	}
	nodes, err := e.lk.redis.HMGet(ctx, routing.NodeRoomKey, names...).Result()
	if err != nil {
		return err
	}
	stored, err := e.lk.redis.HMGet(ctx, service.RoomsKey, names...).Result()
	if err != nil {
		return err
	}
	alive, next := p.alive(ctx), map[*bounded]string{}
	for i, text := range names {
		name, node, isStored := livekit.RoomName(text), asText(nodes[i]), stored[i] != nil
		switch room, mine := here[name], node == string(e.lk.node.NodeID()); {
		case room != nil && (node == "" || mine && !isStored):
			err = errors.Join(err, p.settle(ctx, room))
		case room != nil && !mine && alive(node):
			p.leave(room, node)
		}
		for _, c := range calls[name] {
			was := cmp.Or(p.served[c], node)
			if next[c] = was; node != "" && (was != node || !alive(node)) {
				p.lose(c, name, was)
			}
		}
	}
	// Only now: what was known must outlive a Redis that does not answer for a moment, or a
	// room that moves meanwhile would leave its users behind.
	p.served = next
	return err
}

// namesOf returns each room that is here or has clients here once.
func namesOf(here map[livekit.RoomName]*rtc.Room, calls map[livekit.RoomName][]*bounded) []string {
	names := make([]string, 0, len(calls))
	for name := range calls {
		names = append(names, string(name))
	}
	for name := range here {
		if calls[name] == nil {
			names = append(names, string(name))
		}
	}
	return names
}

// asText returns what Redis has of a field, or nothing.
func asText(field any) string {
	text, _ := field.(string)
	return text
}

// attend takes note of a client that is connected here for a room anywhere. The client
// leaves with the call of leave.
func (e *Engine) attend(p *gate.Pass, b *bounded) (leave func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls[b] = roomOf(p)
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.calls, b)
	}
}

// roomsHere returns the rooms that have users on this node, and the clients connected to
// it by room.
func (e *Engine) roomsHere() (here map[livekit.RoomName]*rtc.Room, calls map[livekit.RoomName][]*bounded) {
	e.mu.Lock()
	defer e.mu.Unlock()
	here, calls = map[livekit.RoomName]*rtc.Room{}, map[livekit.RoomName][]*bounded{}
	for _, s := range e.seats {
		here[s.name], _ = s.at()
	}
	for b, name := range e.calls {
		calls[name] = append(calls[name], b)
	}
	return here, calls
}

// alive answers, once for each node, whether it has said lately that it is there.
func (p *places) alive(ctx context.Context) func(id string) bool {
	seen := map[string]bool{}
	return func(id string) bool {
		if _, ok := seen[id]; !ok {
			var node livekit.Node
			text, err := p.engine.lk.redis.HGet(ctx, routing.NodesKey, id).Bytes()
			if err == nil {
				err = proto.Unmarshal(text, &node)
			}
			// Without an answer it may be there.
			seen[id] = !errors.Is(err, redis.Nil) && (err != nil || selector.IsAvailable(&node))
		}
		return seen[id]
	}
}

// settle writes down that a room is here, if nobody else has it meanwhile.
func (p *places) settle(ctx context.Context, room *rtc.Room) error {
	lk := p.engine.lk
	// The node first: a room on a node that is not there would be opened elsewhere.
	if err := lk.router.RegisterNode(); err != nil {
		return err
	}
	name, ours := string(room.Name()), string(lk.node.NodeID())
	if err := lk.redis.HSetNX(ctx, routing.NodeRoomKey, name, ours).Err(); err != nil {
		return err
	}
	id, err := lk.redis.HGet(ctx, routing.NodeRoomKey, name).Result()
	if err != nil || id != ours {
		return err
	}
	err = lk.store.StoreRoom(ctx, room.ToProto(), room.Internal())
	for _, party := range room.GetParticipants() {
		err = errors.Join(err, lk.store.StoreParticipant(ctx, room.Name(), party.ToProto()))
	}
	return err
}

// leave has the users of a room here come in anew, to the node where the room is.
func (p *places) leave(room *rtc.Room, to string) {
	p.engine.log.Warn("the room is on another node: its users here are sent there", "room", room.Name(), "node", to)
	for _, party := range room.GetLocalParticipants() {
		comeAnew(party)
	}
	// It answers for the room as long as it is there.
	room.Close(types.ParticipantCloseReasonMigrationRequested)
}

// lose has a client come in anew whose room is not any more on the node that has its
// session. Without it, SDKs take a quarter of a minute to notice that a node has died.
func (p *places) lose(c *bounded, name livekit.RoomName, node string) {
	if c.end() {
		p.engine.log.Info("the room has left its node: a user begins anew", "room", name, "node", node)
	}
}

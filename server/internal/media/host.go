package media

import (
	"context"
	"errors"

	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/rtc"
	"github.com/livekit/livekit-server/pkg/rtc/types"
	"github.com/livekit/livekit-server/pkg/utils"
	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"

	"usersig"
	"usersig/server/internal/gate"
)

// host is where sessions begin on the node that has the room, wherever the client is
// connected. It watches over them there: whatever ends a session is known on every node,
// so nobody has to be told.
type host struct {
	engine *Engine
	parts  *livekitParts
}

// Logger implements LiveKit's SessionHandler.
func (h *host) Logger(ctx context.Context) logger.Logger { return utils.GetLogger(ctx) }

var errNotAdmitted = errors.New("the session was not admitted")

// HandleSession implements LiveKit's SessionHandler.
func (h *host) HandleSession(ctx context.Context, pi routing.ParticipantInit, _ livekit.ConnectionID, from routing.MessageSource, to routing.MessageSink) error {
	p, err := h.passOf(&pi)
	if err != nil {
		return err
	}
	return h.answer(&p, to, h.enter(ctx, p, pi, from, to))
}

// answer ends the connection of a user who was refused, and is silent to LiveKit about it:
// it would log every refusal as an error, and who has a good UserSig could fill the disk
// by asking for what they cannot have.
func (h *host) answer(p *gate.Pass, to routing.MessageSink, err error) error {
	_, refused := usersig.RefusalOf(err)
	if !refused && !errors.Is(err, gate.ErrCrowded) && !errors.Is(err, errLied) && !errors.Is(err, errNoSession) {
		return err
	}
	if e := h.engine; e.told.AllowN(e.clock(), 1) {
		e.log.Info("user refused", "sdkappid", p.AppID(), "user", p.UserID(), "room", p.Room().String(), "why", err)
	}
	to.Close()
	return nil
}

// enter begins a session or comes back to one, if that is to be on this node.
func (h *host) enter(ctx context.Context, p gate.Pass, pi routing.ParticipantInit, from routing.MessageSource, to routing.MessageSink) error {
	node, err := h.parts.router.GetNodeForRoom(ctx, roomOf(&p))
	if err != nil {
		return err
	}
	if livekit.NodeID(node.Id) != h.parts.node.NodeID() {
		return routing.ErrIncorrectRTCNode
	}
	release, err := h.hold(ctx, &p)
	if err != nil {
		return err
	}
	defer release()
	if pi.Reconnect {
		return h.resume(ctx, p, pi, from, to)
	}
	return h.begin(ctx, p, pi, from, to)
}

// passOf takes the pass out of a session's beginning. What another node put there is
// believed; that it is for this user and this room is made sure of.
func (h *host) passOf(pi *routing.ParticipantInit) (gate.Pass, error) {
	if pi.Grants == nil || pi.CreateRoom == nil {
		return gate.Pass{}, errNotAdmitted
	}
	p, err := gate.Carried(pi.Grants.Sha256)
	pi.Grants.Sha256 = ""
	if err != nil || string(pi.Identity) != p.UserID() || pi.CreateRoom.Name != string(roomOf(&p)) {
		return gate.Pass{}, errNotAdmitted
	}
	return p, nil
}

// hold sees to it that the room is there until the session is, if the user may not make
// it: between the door and here it can have been closed.
func (h *host) hold(ctx context.Context, p *gate.Pass) (release func(), err error) {
	if p.Rights().MayCreate() {
		return func() {}, nil
	}
	if room := h.parts.rooms.GetRoom(ctx, roomOf(p)); room != nil && room.Hold() {
		return room.Release, nil
	}
	// A room whose node is gone is in the store, and moves here.
	there, err := h.parts.store.RoomExists(ctx, roomOf(p))
	if err := missing(there, err, usersig.ErrNoRightCreate); err != nil {
		return nil, err
	}
	return func() {}, nil
}

// begin starts a session, under watch from before it exists.
func (h *host) begin(ctx context.Context, p gate.Pass, pi routing.ParticipantInit, from routing.MessageSource, to routing.MessageSink) error {
	s := newSeat(h.engine, &p, pi.AutoSubscribe)
	if h.engine.liars.out(s.key(), h.engine.clock()) {
		return errLied
	}
	session, err := h.engine.gate.Open(ctx, p, s)
	if err != nil {
		return err
	}
	s.session.Store(session)
	pass := session.Pass()
	rights := pass.Rights()
	s.narrow.Store(!rights.MayReceiveAll())
	pi.AutoSubscribe = pi.AutoSubscribe && rights.MayReceiveAll()
	pi.Grants.Video = videoGrant(rights, string(s.name)) // there may have been a renewal since the door
	s.onlyBeginning(&pi)
	if err := h.parts.rooms.StartSession(ctx, pi, s.requests(from), s.responses(to), false); err != nil {
		session.Close()
		return err
	}
	room := h.parts.rooms.GetRoom(ctx, roomOf(&p))
	if room == nil || !s.sit(room, session, rights) {
		session.Close()
	}
	return nil
}

// resume lets a client come back to its session on a new connection.
func (h *host) resume(ctx context.Context, p gate.Pass, pi routing.ParticipantInit, from routing.MessageSource, to routing.MessageSink) error {
	s := h.engine.seatOf(&p)
	if s == nil {
		// LiveKit must not see it: the session may be there in a moment, and its client
		// would come back to it past its seat, which knows what the client may ask for.
		return errors.Join(errNoSession, to.WriteMessage(beginAnew()))
	}
	h.engine.gate.Resume(p)
	s.onlyBeginning(&pi)
	return h.parts.rooms.StartSession(ctx, pi, s.requests(from), s.responses(to), false)
}

var errNoSession = errors.New("there is no session to come back to")

// beginAnew tells a client of any version to enter as if for the first time.
func beginAnew() *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{
		CanReconnect: true, Reason: livekit.DisconnectReason_STATE_MISMATCH, Action: livekit.LeaveRequest_RECONNECT,
	}}}
}

// roomOf returns LiveKit's name of the room that a pass is for.
func roomOf(p *gate.Pass) livekit.RoomName {
	return livekit.RoomName(gate.RoomName(p.AppID(), p.Room()))
}

// seated is the participant of a room that a seat is for.
func seated(room *rtc.Room, user string) types.LocalParticipant {
	return room.GetParticipant(livekit.ParticipantIdentity(user))
}

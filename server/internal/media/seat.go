package media

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/livekit/livekit-server/pkg/rtc"
	"github.com/livekit/livekit-server/pkg/rtc/types"
	"github.com/livekit/protocol/livekit"

	"usersig/server/internal/gate"
)

// A seat is one user in one room on this node: what the gate acts on.
type seat struct {
	engine *Engine
	app    uint32
	user   string
	name   livekit.RoomName
	auto   bool        // the client wants every track it may have
	narrow atomic.Bool // some tracks may not be received; we subscribe, not LiveKit
	rights atomic.Uint32
	id     atomic.Value // a string: the participant's ID, once LiveKit has greeted the client

	session atomic.Pointer[gate.Session] // set before LiveKit knows of the user

	announced  atomic.Int32 // tracks of which nothing has come yet
	candidates atomic.Int32 // addresses that the client named

	mu      sync.Mutex
	room    *rtc.Room
	party   types.LocalParticipant
	evicted error
}

func newSeat(e *Engine, p *gate.Pass, auto bool) *seat {
	s := &seat{engine: e, app: p.AppID(), user: p.UserID(), name: roomOf(p), auto: auto}
	s.rights.Store(uint32(p.Rights()))
	return s
}

func (s *seat) key() string { return string(s.name) + "\x00" + s.user }

func (s *seat) allowed() gate.Rights { return gate.Rights(s.rights.Load()) }

// seatOf returns the seat that a pass is for, or nil.
func (e *Engine) seatOf(p *gate.Pass) *seat { return e.seatAt(roomOf(p), p.UserID()) }

func (e *Engine) seatAt(room livekit.RoomName, user string) *seat {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seats[string(room)+"\x00"+user]
}

// sit ties a seat to the participant that LiveKit made for it, with the rights that it
// gave them. It reports false if there is none any more.
func (s *seat) sit(room *rtc.Room, session *gate.Session, given gate.Rights) bool {
	party := seated(room, s.user)
	if party == nil || string(party.ID()) != s.id.Load() { // or it is a second login's
		return false
	}
	return s.take(room, party, session, given)
}

// take is sit for a participant who was there a moment ago.
func (s *seat) take(room *rtc.Room, party types.LocalParticipant, session *gate.Session, given gate.Rights) bool {
	s.mu.Lock()
	s.room, s.party = room, party
	evicted := s.evicted
	s.mu.Unlock()
	party.AddOnClose("usersig", func(party types.LocalParticipant) {
		session.Close()
		s.engine.rise(s, party)
		s.sayWhy(party.CloseReason())
	})
	if !s.engine.seatFor(s, party) {
		return false
	}
	if evicted != nil {
		s.Evict(evicted) // it came before there was anybody to evict
		return true
	}
	session.Settle(given) // a renewal came before there was anybody to limit
	if s.narrow.Load() && !party.IsClosed() {
		s.subscribeExisting()
	}
	return true
}

// acts are why users leave who neither wanted to nor were evicted, of which the gate tells.
var acts = map[types.ParticipantCloseReason]string{
	types.ParticipantCloseReasonDuplicateIdentity:               "second login",
	types.ParticipantCloseReasonServiceRequestRemoveParticipant: "removed by an operator",
	types.ParticipantCloseReasonServiceRequestDeleteRoom:        "room dissolved by an operator",
}

func (s *seat) sayWhy(reason types.ParticipantCloseReason) {
	s.mu.Lock()
	evicted := s.evicted != nil
	s.mu.Unlock()
	if why, ok := acts[reason]; ok && !evicted {
		_, room, _ := gate.ParseRoomName(string(s.name))
		s.engine.log.Info("user leaves", "sdkappid", s.app, "user", s.user, "room", room.String(), "why", why)
	}
}

// seatFor makes a seat known that a participant has. It reports false if they have left:
// those who leave after that find it. Asked under the lock, or a seat that comes late
// would stand in the way of a second login's, whose client would do what it likes.
func (e *Engine) seatFor(s *seat, party types.LocalParticipant) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if party.IsClosed() {
		return false
	}
	e.seats[s.key()], e.bySID[string(party.ID())] = s, s
	return true
}

// rise forgets the seat of a participant, and not the seat of a second login.
func (e *Engine) rise(s *seat, party types.LocalParticipant) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if sid := string(party.ID()); e.bySID[sid] == s {
		delete(e.bySID, sid)
	}
	if e.seats[s.key()] == s {
		delete(e.seats, s.key())
	}
}

func (s *seat) at() (*rtc.Room, types.LocalParticipant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.room, s.party
}

// Evict implements [gate.Seat].
func (s *seat) Evict(why error) {
	s.mu.Lock()
	s.evicted = why
	room, party := s.room, s.party
	s.mu.Unlock()
	if party != nil {
		// With its ID: a second login of the same user has another one and is not meant.
		room.RemoveParticipant(party.Identity(), party.ID(), types.ParticipantCloseReasonServiceRequestRemoveParticipant)
	}
}

// Limit implements [gate.Seat].
func (s *seat) Limit(r gate.Rights) {
	s.rights.Store(uint32(r))
	_, party := s.at()
	if party == nil {
		return
	}
	party.SetPermission(permission(r))
	if !r.MayReceiveAll() && !s.narrow.Swap(true) {
		// LiveKit subscribes this user to whatever comes and cannot be told to stop: the
		// client has to come in anew.
		comeAnew(party)
		return
	}
	s.tell(map[string]any{"event": "rights", "allow": uint32(r)})
	if s.narrow.Load() {
		s.unsubscribeForbidden()
		s.subscribeExisting()
	}
}

// Warn implements [gate.Seat].
func (s *seat) Warn(expires time.Time) {
	left := expires.Sub(s.engine.clock()).Round(time.Second)
	s.tell(map[string]any{"event": "expiring", "expires_at": expires.UTC().Format(time.RFC3339), "seconds": int(left.Seconds())})
}

// topic marks messages of the server to a client. They have no sender; a participant's
// have one, so that nobody can pass for the server.
const topic = "usersig"

func (s *seat) tell(message map[string]any) {
	room, party := s.at()
	if party == nil {
		return
	}
	payload, err := json.Marshal(message)
	if err != nil {
		return
	}
	to, about := []string{s.user}, topic
	room.SendDataPacket(&livekit.DataPacket{
		DestinationIdentities: to,
		Value:                 &livekit.DataPacket_User{User: &livekit.UserPacket{Payload: payload, Topic: &about}},
	}, livekit.DataPacket_RELIABLE)
}

// permission says in LiveKit's terms what rights are, for a user who is in the room.
func permission(r gate.Rights) *livekit.ParticipantPermission {
	p := &livekit.ParticipantPermission{
		CanSubscribe: r.MayReceiveAny(), CanPublish: r.MaySendAny(), CanPublishData: r.MaySendAny(),
	}
	for _, t := range sent {
		if r.MaySend(t.track) {
			p.CanPublishSources = append(p.CanPublishSources, t.source)
		}
	}
	return p
}

package media

import (
	"net"
	"strconv"

	"github.com/livekit/protocol/livekit"

	"usersig/server/internal/turn"
)

// iceServers returns what a seat's client is told of other servers on its way here: those
// that the configuration names, and no others. What it is told ends with its user's proof:
// the newest, whoever handed it in.
func (e *Engine) iceServers(s *seat) []*livekit.ICEServer {
	var all []*livekit.ICEServer
	now, pass := e.clock(), s.session.Load().Pass()
	end := pass.ExpiresAt()
	for _, r := range e.config.TURN {
		c, _ := r.Credentials(s.app, s.user, now, end)
		all = append(all, &livekit.ICEServer{Urls: r.URLs, Username: c.Username, Credential: c.Password})
	}
	if r := e.config.Relay; r.UDPPort != 0 {
		// By the participant's ID: mayRelay lets those go on who are in a room.
		sid, _ := s.id.Load().(string)
		here := turn.Server{TTL: relayTTL}
		c := turn.Mint(e.secret, sid, here.Until(now, end))
		at := net.JoinHostPort(e.config.Address.String(), strconv.Itoa(int(r.UDPPort)))
		all = append(all, &livekit.ICEServer{Urls: []string{"turn:" + at + "?transport=udp"}, Username: c.Username, Credential: c.Password})
	}
	if len(e.config.STUN) > 0 {
		all = append(all, &livekit.ICEServer{Urls: prefixed("stun:", e.config.STUN)})
	}
	return all
}

func prefixed(with string, all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = with + s
	}
	return out
}

package media

import (
	"net"
	"strconv"
	"time"

	"github.com/livekit/protocol/livekit"

	"usersig/server/internal/turn"
)

// iceServers returns what a client is told of other servers on its way here: those that
// the configuration names, and no others.
func (e *Engine) iceServers(of string) []*livekit.ICEServer {
	var all []*livekit.ICEServer
	for _, r := range e.config.TURN {
		c := turn.Mint(r.Secret, of, e.clock().Add(orHour(r.TTL)))
		all = append(all, &livekit.ICEServer{Urls: r.URLs, Username: c.Username, Credential: c.Password})
	}
	if r := e.config.Relay; r.UDPPort != 0 {
		c := turn.Mint(e.secret, of, e.clock().Add(relayTTL))
		at := net.JoinHostPort(e.config.Address.String(), strconv.Itoa(int(r.UDPPort)))
		all = append(all, &livekit.ICEServer{Urls: []string{"turn:" + at + "?transport=udp"}, Username: c.Username, Credential: c.Password})
	}
	if len(e.config.STUN) > 0 {
		all = append(all, &livekit.ICEServer{Urls: prefixed("stun:", e.config.STUN)})
	}
	return all
}

func orHour(d time.Duration) time.Duration {
	if d == 0 {
		return time.Hour
	}
	return d
}

func prefixed(with string, all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = with + s
	}
	return out
}

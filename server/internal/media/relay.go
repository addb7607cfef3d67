package media

import (
	"crypto/rand"
	"strconv"
	"strings"
	"time"

	"github.com/livekit/livekit-server/pkg/service"
	pion "github.com/pion/turn/v5"

	"usersig/server/internal/turn"
)

// realm is what LiveKit's TURN server says it is; passwords are bound to it.
const realm = service.LivekitRealm

// relaySecret is known to this process only: its relay is used by nobody else.
func relaySecret() []byte { return []byte(rand.Text() + rand.Text()) }

// relayTTL is how long a client has to begin using the relay.
const relayTTL = 5 * time.Minute

// openRelay starts the TURN server inside this one, if the configuration says so.
func (e *Engine) openRelay() (*pion.Server, error) {
	if e.config.Relay.UDPPort == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	conf, err := e.config.livekit()
	if err != nil {
		return nil, err
	}
	conf.TURN.Enabled = true
	conf.TURN.UDPPort, conf.TURN.TLSPort = int(e.config.Relay.UDPPort), 0
	conf.TURN.RelayPortRangeStart, conf.TURN.RelayPortRangeEnd = e.config.Relay.FirstPort, e.config.Relay.LastPort
	conf.TURN.BindAddresses = nil
	for _, a := range e.config.bind() {
		conf.TURN.BindAddresses = append(conf.TURN.BindAddresses, a.String())
	}
	// Relays to networks behind the firewall would be a way in; to this server itself is
	// what they are for.
	conf.TURN.AllowRestrictedPeerCIDRs = nil
	for _, a := range append(e.config.bind(), e.config.Address) {
		conf.TURN.AllowRestrictedPeerCIDRs = append(conf.TURN.AllowRestrictedPeerCIDRs, prefix(a))
	}
	return service.NewTurnServer(conf, e.mayRelay, false)
}

// mayRelay answers the TURN server's question whose a user name is. Credentials begin an
// allocation until they expire; an allocation goes on for as long as its user is in a
// room.
func (e *Engine) mayRelay(ask *pion.RequestAttributes) (string, []byte, bool) {
	until, sid, _ := strings.Cut(ask.Username, ":")
	end, err := strconv.ParseInt(until, 10, 64)
	if err != nil || !e.isSeated(sid) && e.clock().Unix() > end {
		return "", nil, false
	}
	c := turn.Mint(e.secret, sid, time.Unix(end, 0))
	return sid, pion.GenerateAuthKey(c.Username, realm, c.Password), true
}

// isSeated reports whether the participant with an ID is in a room on this node.
func (e *Engine) isSeated(sid string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.seats {
		if _, party := s.at(); party != nil && string(party.ID()) == sid {
			return true
		}
	}
	return false
}

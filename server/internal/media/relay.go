package media

import (
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/logger"
	"github.com/livekit/protocol/logger/pionlogger"
	pion "github.com/pion/turn/v5"

	"usersig/server/internal/turn"
)

// realm is what the relay says it is; passwords are bound to it.
const realm = service.LivekitRealm

// relayTTL is how long a client has to begin using the relay.
const relayTTL = 5 * time.Minute

// mostAllocations is how many ports one participant may have of the relay at once: two
// connections, for each network of the client's, and again when they change.
const mostAllocations = 32

// relaySecret is known to this process only: its relay is used by nobody else.
func relaySecret() []byte { return []byte(rand.Text() + rand.Text()) }

// openRelay starts the TURN server inside this one, if the configuration says so.
// LiveKit's would relay to every public address: whoever may enter a room could send as
// this machine.
func (e *Engine) openRelay() (*pion.Server, error) {
	ports := e.config.Relay
	if ports.UDPPort == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	q := quota{of: make(map[string]int)}
	conf := pion.ServerConfig{
		Realm: realm, AuthHandler: e.mayRelay, QuotaHandler: q.has, EventHandler: q.events(),
		LoggerFactory: pionlogger.NewLoggerFactory(logger.GetLogger()),
	}
	for _, at := range e.config.bind() {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, ports.UDPPort)))
		if err != nil {
			return nil, errors.Join(err, closeAll(conf.PacketConnConfigs))
		}
		conf.PacketConnConfigs = append(conf.PacketConnConfigs, pion.PacketConnConfig{
			PacketConn: conn, PermissionHandler: e.config.mayReach, RelayAddressGenerator: e.config.relayAt(at),
		})
	}
	s, err := pion.NewServer(conf)
	if err != nil {
		return nil, errors.Join(err, closeAll(conf.PacketConnConfigs))
	}
	return s, nil
}

func closeAll(all []pion.PacketConnConfig) (err error) {
	for _, c := range all {
		err = errors.Join(err, c.PacketConn.Close())
	}
	return err
}

// mayRelay answers the TURN server's question whose a user name is. Credentials begin an
// allocation until they expire; an allocation goes on for as long as its user is in a
// room.
func (e *Engine) mayRelay(ask *pion.RequestAttributes) (string, []byte, bool) {
	until, sid, _ := strings.Cut(ask.Username, ":")
	end, err := strconv.ParseInt(until, 10, 64)
	if err != nil || e.clock().Unix() > end && !e.isSeated(sid) {
		return "", nil, false
	}
	c := turn.Mint(e.secret, sid, time.Unix(end, 0))
	return sid, pion.GenerateAuthKey(c.Username, realm, c.Password), true
}

// isSeated reports whether the participant with an ID is in a room on this node. Strangers
// make it be asked with every packet they send: it must not take longer the more there are.
func (e *Engine) isSeated(sid string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.bySID[sid] != nil
}

// quota counts the ports that participants have of the relay, so that one cannot have
// them all.
type quota struct {
	mu sync.Mutex
	of map[string]int // by participant; guarded by mu
}

func (q *quota) has(sid, _ string, _ net.Addr) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.of[sid] < mostAllocations
}

func (q *quota) events() pion.EventHandler {
	return pion.EventHandler{
		OnAllocationCreated: func(_, _ net.Addr, _, sid, _ string, _ net.Addr, _ int) { q.add(sid, 1) },
		OnAllocationDeleted: func(_, _ net.Addr, _, sid, _ string) { q.add(sid, -1) },
	}
}

func (q *quota) add(sid string, n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.of[sid] += n; q.of[sid] <= 0 {
		delete(q.of, sid)
	}
}

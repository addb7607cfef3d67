package media

import (
	"container/list"
	"errors"
	"io"
	"net"
	"net/netip"
	"reflect"
	"sync"
	"time"

	"github.com/livekit/livekit-server/pkg/rtc"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/logger"
	"github.com/livekit/protocol/logger/pionlogger"
	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"usersig/server/internal/gate"
)

// What anybody can hold of the port for media by TCP. Every connection costs a
// descriptor, of which the API needs some too.
const (
	mostTCP      = 4096
	mostTCPOfOne = 512             // from one address: two for each user behind it
	mostSilence  = 5 * time.Second // before the first word, and for words about no session
)

// What may wait at a connection by TCP: packets that were read, 50 because LiveKit's own
// listener keeps as many, and bytes to write, a quarter of its 4 MiB because mostTCP clients
// that do not read would have 16 GiB of them.
const (
	mostUnreadPackets = 50
	mostUnwritten     = 1 << 20
)

// openTCP opens the port for clients whose networks let no UDP through. LiveKit would
// open it on every address of the machine, for any number of connections.
func (e *Engine) openTCP() (io.Closer, error) {
	if e.config.TCPPort == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	conf, err := settings(e.lk.rooms)
	if err != nil {
		return nil, err
	}
	port, err := listenTCP(e.config.bind(), e.config.TCPPort, mostTCP, mostTCPOfOne)
	if err != nil {
		return nil, err
	}
	mux := ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener: port, Logger: pionlogger.NewLoggerFactory(logger.GetLogger()).NewLogger("tcp_mux"),
		ReadBufferSize: mostUnreadPackets, WriteBufferSize: mostUnwritten,
		FirstStunBindTimeout: mostSilence, AliveDurationForConnFromStun: mostSilence,
	})
	conf.SettingEngine.SetICETCPMux(mux)
	conf.SettingEngine.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	return mux, nil
}

// settings returns what connections are made with. LiveKit makes it and keeps it to
// itself: it can be given no listener. What this version does is made sure of at each
// start, before anybody can come.
func settings(rooms *service.RoomManager) (*rtc.WebRTCConfig, error) {
	kept := reflect.ValueOf(rooms).Elem().FieldByName("rtcConfig")
	if !kept.IsValid() || kept.Type() != reflect.TypeFor[*rtc.WebRTCConfig]() || kept.IsNil() {
		return nil, errors.New("tcp_port: this version of LiveKit keeps its settings elsewhere")
	}
	return (*rtc.WebRTCConfig)(kept.UnsafePointer()), nil
}

// tcpPort is a listener at several addresses. It bounds how many connections there are,
// of one source and of all. When there are as many as there may be, the one that has been
// silent for longest makes room for a new one.
type tcpPort struct {
	port        uint16
	most, ofOne int
	listeners   []net.Listener
	came        chan net.Conn
	done        chan struct{}
	once        sync.Once

	mu     sync.Mutex
	of     map[netip.Addr]int    // guarded by mu
	open   map[*tcpConn]struct{} // guarded by mu
	silent *list.List            // of *tcpConn, the oldest first; guarded by mu
}

// tcpConn is a connection to it.
type tcpConn struct {
	net.Conn
	port   *tcpPort
	source netip.Addr
	at     *list.Element // in silent, or nil; guarded by port.mu
}

func listenTCP(at []netip.Addr, port uint16, most, ofOne int) (*tcpPort, error) {
	l := &tcpPort{port: port, most: most, ofOne: ofOne, came: make(chan net.Conn), done: make(chan struct{}), of: map[netip.Addr]int{}, open: map[*tcpConn]struct{}{}, silent: list.New()}
	for _, a := range at {
		one, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, port)))
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.listeners = append(l.listeners, one)
	}
	for _, one := range l.listeners {
		go l.accept(one)
	}
	return l, nil
}

func (l *tcpPort) accept(from net.Listener) {
	for {
		conn, err := from.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no descriptor is left: some will be given back
			select {
			case <-l.done:
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		c := l.admit(conn)
		if c == nil {
			_ = conn.Close()
			continue
		}
		select {
		case l.came <- c:
		case <-l.done:
			_ = c.Close()
		}
	}
}

// admit returns nil for a connection that is one too many.
func (l *tcpPort) admit(conn net.Conn) *tcpConn {
	c := &tcpConn{Conn: conn, port: l}
	if from, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		c.source = gate.Subscriber(from.AddrPort().Addr().Unmap().WithZone(""))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[c.source] >= l.ofOne {
		return nil
	}
	if len(l.open) >= l.most {
		oldest := l.silent.Front()
		if oldest == nil {
			return nil
		}
		o := oldest.Value.(*tcpConn)
		l.forget(o)
		_ = o.Conn.Close()
	}
	l.of[c.source]++
	l.open[c] = struct{}{}
	c.at = l.silent.PushBack(c)
	return c
}

// forget is called with mu held.
func (l *tcpPort) forget(c *tcpConn) {
	if _, ok := l.open[c]; !ok {
		return
	}
	delete(l.open, c)
	if l.of[c.source]--; l.of[c.source] == 0 {
		delete(l.of, c.source)
	}
	l.spoke(c)
}

// spoke is called with mu held.
func (l *tcpPort) spoke(c *tcpConn) {
	if c.at != nil {
		l.silent.Remove(c.at)
		c.at = nil
	}
}

// Accept implements [net.Listener].
func (l *tcpPort) Accept() (net.Conn, error) {
	select {
	case c := <-l.came:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Addr implements [net.Listener]. Of several addresses none is it.
func (l *tcpPort) Addr() net.Addr { return &net.TCPAddr{Port: int(l.port)} }

// Close implements [net.Listener]. Nobody is left to be waited for.
func (l *tcpPort) Close() error {
	var all []error
	l.once.Do(func() {
		close(l.done)
		for _, one := range l.listeners {
			all = append(all, one.Close())
		}
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		_ = c.Conn.Close()
	}
	return errors.Join(all...)
}

// Close implements [net.Conn].
func (c *tcpConn) Close() error {
	c.port.mu.Lock()
	c.port.forget(c)
	c.port.mu.Unlock()
	return c.Conn.Close()
}

// SetReadDeadline implements [net.Conn]. There is none any more for who has said what a
// client would.
func (c *tcpConn) SetReadDeadline(t time.Time) error {
	if t.IsZero() {
		c.port.mu.Lock()
		c.port.spoke(c)
		c.port.mu.Unlock()
	}
	return c.Conn.SetReadDeadline(t)
}

package media

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// What a client may send as signals. Offers of many tracks are the largest: a room of
// 50 with simulcast makes about 100 kB.
const (
	mostMessage    = 512 << 10
	bytesPerSecond = 128 << 10
	burstBytes     = 2 << 20
	perSecond      = 100
	burstMessages  = 500
)

var errTooMuch = errors.New("the client sends too much")

// bounded is a ResponseWriter whose connection ends when the client sends too much. The
// engine would take a message of any size, and as many as come.
type bounded struct {
	http.ResponseWriter
	conn atomic.Pointer[boundedConn] // nil before it is a WebSocket
}

// end closes the connection, if it is a WebSocket, and reports whether it was one until
// now.
func (w *bounded) end() bool {
	c := w.conn.Swap(nil)
	if c != nil {
		_ = c.Close()
	}
	return c != nil
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *bounded) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack implements [http.Hijacker].
func (w *bounded) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if rw.Reader.Buffered() > 0 {
		return nil, nil, errors.Join(errors.New("the client did not wait for the handshake"), c.Close())
	}
	b := &boundedConn{Conn: c, bytes: rate.NewLimiter(bytesPerSecond, burstBytes), messages: rate.NewLimiter(perSecond, burstMessages)}
	rw.Reader.Reset(b)
	w.conn.Store(b)
	return b, rw, nil
}

// boundedConn follows the frames of a WebSocket (RFC 6455, section 5.2) that is read.
type boundedConn struct {
	net.Conn
	bytes, messages *rate.Limiter

	head    []byte // of the frame whose header is being read
	left    uint64 // of its payload
	message uint64 // the size so far of a message in several frames
}

// Read implements [net.Conn].
func (b *boundedConn) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if n > 0 && (!b.bytes.AllowN(time.Now(), n) || !b.follow(p[:n])) { //nolint:forbidigo // what the network brings takes real time, whatever a test's clock says
		return 0, errTooMuch
	}
	return n, err
}

// follow reports false if a message is too large or one too many.
func (b *boundedConn) follow(p []byte) bool {
	for len(p) > 0 {
		if b.left > 0 {
			n := min(b.left, uint64(len(p)))
			b.left, p = b.left-n, p[n:]
			continue
		}
		b.head, p = append(b.head, p[0]), p[1:]
		if need := headerLength(b.head); len(b.head) < need {
			continue
		}
		if !b.frame() {
			return false
		}
	}
	return true
}

// headerLength returns how long the header is that begins like this, as far as can be
// said.
func headerLength(head []byte) int {
	if len(head) < 2 {
		return 2
	}
	n := 2
	switch head[1] & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if head[1]&0x80 != 0 {
		n += 4
	}
	return n
}

// frame takes note of a header that is whole.
func (b *boundedConn) frame() bool {
	head := b.head
	size, more := uint64(head[1]&0x7f), 0
	switch size {
	case 126:
		more = 2
	case 127:
		more = 8
	}
	if more > 0 {
		size = 0
		for _, c := range head[2 : 2+more] {
			size = size<<8 | uint64(c)
		}
	}
	b.head, b.left = b.head[:0], size
	if control := head[0]&0x08 != 0; !control {
		b.message += size
		if size > mostMessage || b.message > mostMessage {
			return false
		}
		if final := head[0]&0x80 != 0; final {
			b.message = 0
		}
	}
	return b.messages.AllowN(time.Now(), 1) //nolint:forbidigo // what the network brings takes real time, whatever a test's clock says
}

package httpapi

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// wire is a listener for one connection, inside a bubble.
type wire struct {
	net.Conn
	taken chan struct{}
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case w.taken <- struct{}{}:
		return w.Conn, nil
	default:
		return nil, net.ErrClosed
	}
}
func (w *wire) Addr() net.Addr { return w.LocalAddr() }
func (w *wire) Close() error   { return nil }

// The time for a body ends with the body: what is served for longer is served to its end,
// and so is what comes after it.
func TestReadDeadlineEnds(t *testing.T) {
	const body, chunked = "Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		server := &http.Server{ReadHeaderTimeout: time.Hour, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := &call{route: &route{body: small}}
			c.begin(r, time.Now().Add(time.Second))
			if p := c.read(&reply{ResponseWriter: w, call: c}, r); p != nil {
				t.Errorf("the body cannot be read: %v", p)
			}
			time.Sleep(time.Minute) // in the bubble
			if err := r.Context().Err(); err != nil {
				t.Errorf("the request was ended: %v", err)
			}
		})}
		go func() { _ = server.Serve(&wire{there, make(chan struct{}, 1)}) }()
		got := bufio.NewReader(here)
		for _, rest := range []string{body, "Content-Length: 0\r\n\r\n", chunked, body} {
			if _, err := io.WriteString(here, "POST / HTTP/1.1\r\nHost: x\r\n"+rest); err != nil {
				t.Fatal(err)
			}
			reply, err := http.ReadResponse(got, nil)
			if err != nil || reply.StatusCode != http.StatusOK {
				t.Fatalf("%q: %v, %v", rest, reply, err)
			}
		}
		_ = here.Close()
		_ = server.Close()
	})
}

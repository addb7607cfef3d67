package postgres_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy is a way to the database that can fail.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	conns map[net.Conn]bool
	down  bool
	still chan struct{} // if not nil, what comes is held back until it is closed
	// loseQuery and loseAnswer end the connection that next carries these bytes to the
	// database, or from it, before they arrive.
	loseQuery, loseAnswer []byte
	lost                  func() // called when that has happened
	holdAfter             []byte // hold, from when these bytes have come by
}

// newProxy returns a proxy and the URL that leads through it.
func newProxy(t *testing.T, to string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: u.Host, conns: map[net.Conn]bool{}}
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.listener.Close()
		p.forward()
		p.cut(true)
	})
	go func() {
		for {
			client, err := p.listener.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	u.Host = p.listener.Addr().String()
	return p, u.String()
}

// set changes what the proxy does.
func (p *proxy) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// cut ends all connections, and refuses new ones if down is true.
func (p *proxy) cut(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
	for c := range p.conns {
		_ = c.Close()
	}
}

// hold makes the proxy a black hole: connections stay, and nothing arrives, until forward
// is called.
func (p *proxy) hold() { p.set(func() { p.still = make(chan struct{}) }) }

func (p *proxy) forward() {
	p.set(func() {
		if p.still != nil {
			close(p.still)
			p.still = nil
		}
	})
}

// wait returns when nothing is held back.
func (p *proxy) wait() {
	var still chan struct{}
	p.set(func() { still = p.still })
	if still != nil {
		<-still
	}
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	down := false
	p.set(func() { down = p.down; p.conns[client], p.conns[server] = true, true })
	if down {
		return
	}
	ended := make(chan struct{}, 2)
	for _, way := range []struct {
		from, to net.Conn
		lose     *[]byte
	}{{client, server, &p.loseQuery}, {server, client, &p.loseAnswer}} {
		go func() {
			p.carry(way.from, way.to, way.lose)
			ended <- struct{}{}
		}()
	}
	<-ended
}

// carry copies until an end closes or what is to be lost comes by.
func (p *proxy) carry(from io.Reader, to io.Writer, lose *[]byte) {
	buffer := make([]byte, 1<<20)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.wait()
		hit := false
		p.set(func() {
			if len(p.holdAfter) > 0 && bytes.Contains(buffer[:n], p.holdAfter) {
				p.holdAfter, p.still = nil, make(chan struct{})
			}
			if hit = len(*lose) > 0 && bytes.Contains(buffer[:n], *lose); hit {
				*lose = nil
				if p.lost != nil {
					p.lost()
				}
			}
		})
		if hit {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

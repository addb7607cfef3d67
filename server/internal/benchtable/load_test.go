package benchtable

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// connections is how many clients ask at once, each as soon as it was answered.
const connections = 16

// load is one request, sent again and again over connections that are kept alive.
//
// The clients are in this process and share its processors with the server, those of
// the empty handler too. They do as little as a client can: the fewer of the processors
// they take, the more of the ratio is the server's.
type load struct {
	name    string
	address string
	request []byte
	clients []*client
	best    measured
}

// measured is what one turn of a load took.
type measured struct {
	requests int
	took     time.Duration
	waits    []time.Duration // of every request, in order of length
	allocs   int64           // a request
}

func (m *measured) ns() float64 { return float64(m.took) / float64(m.requests) }

func (m *measured) quantile(q float64) float64 {
	return float64(m.waits[int(q*float64(len(m.waits)-1))])
}

// client is one connection.
type client struct {
	conn  net.Conn
	reply *bufio.Reader
	waits []time.Duration
}

// newLoad returns the load of a server of its own for handler.
func newLoad(t testing.TB, name string, handler http.Handler, request string) *load {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &load{name: name, address: server.Listener.Addr().String(), request: []byte(request)}
}

// connect opens a connection for every client, and returns what closes them: a turn
// that is long in coming would find them closed by the server.
func (l *load) connect() (hangUp func(), err error) {
	hangUp = func() {
		for _, c := range l.clients {
			_ = c.conn.Close()
		}
		l.clients = nil
	}
	for range connections {
		conn, err := net.Dial("tcp", l.address)
		if err != nil {
			hangUp()
			return nil, err
		}
		l.clients = append(l.clients, &client{conn, bufio.NewReader(conn), make([]time.Duration, 0, 1<<16)})
	}
	return hangUp, nil
}

// post spells a request.
func post(path, key, body string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + key +
		"\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// run sends requests for a while.
func (l *load) run(d time.Duration) (measured, error) {
	hangUp, err := l.connect()
	if err != nil {
		return measured{}, err
	}
	defer hangUp()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	started := time.Now()
	failures := make(chan error, len(l.clients))
	for _, c := range l.clients {
		go func() { failures <- c.run(l.request, started, d) }()
	}
	for range l.clients {
		err = errors.Join(err, <-failures)
	}
	m := measured{took: time.Since(started)}
	runtime.ReadMemStats(&after)
	for _, c := range l.clients {
		m.waits = append(m.waits, c.waits...)
	}
	if m.requests = len(m.waits); err == nil && m.requests == 0 {
		err = errors.New("nothing was answered")
	}
	if err != nil {
		return measured{}, err
	}
	slices.Sort(m.waits)
	m.allocs = int64(after.Mallocs-before.Mallocs) / int64(m.requests)
	return m, nil
}

func (c *client) run(request []byte, started time.Time, d time.Duration) error {
	c.waits = c.waits[:0]
	for sent := time.Duration(0); sent < d; {
		if _, err := c.conn.Write(request); err != nil {
			return err
		}
		if err := c.read(); err != nil {
			return err
		}
		now := time.Since(started)
		c.waits = append(c.waits, now-sent)
		sent = now
	}
	return nil
}

var lengthHeader = []byte("Content-Length: ")

// read reads a reply of status 200 to its end.
func (c *client) read() error {
	status, err := c.reply.ReadSlice('\n')
	if err != nil {
		return err
	}
	ok, length := bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")), -1
	for {
		line, err := c.reply.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if text, is := bytes.CutPrefix(line, lengthHeader); is {
			if length, err = strconv.Atoi(string(text[:len(text)-2])); err != nil {
				return err
			}
		}
	}
	if !ok || length < 0 {
		text, _ := io.ReadAll(io.LimitReader(c.reply, int64(max(length, 0))))
		return fmt.Errorf("not status 200 with a length: %.500s", text)
	}
	_, err = c.reply.Discard(length)
	return err
}

// TestLoad: what is counted was answered, and what is not answered well is an error.
func TestLoad(t *testing.T) {
	served := make(chan string, 1<<20)
	good := newLoad(t, "good", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		served <- string(body)
		_, _ = io.WriteString(w, "fine")
	}), post("/", "k", "hello"))
	got, err := good.run(20 * time.Millisecond)
	if err != nil || got.requests != len(served) || <-served != "hello" || got.quantile(0.99) < got.quantile(0.5) {
		t.Errorf("%d requests, %d served: %v", got.requests, len(served), err)
	}
	bad := newLoad(t, "bad", http.NotFoundHandler(), post("/", "k", ""))
	if _, err := bad.run(time.Millisecond); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a reply of 404 is counted: %v", err)
	}
}

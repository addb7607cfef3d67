package daemon

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"usersig/server/internal/config"
)

func (r *running) dial() net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// slowly are the ways in which strangers make a server wait.
var slowly = []struct{ what, text string }{
	{"a reply that is not read", strings.Repeat("GET /docs HTTP/1.1\r\nHost: x\r\n\r\n", 64)},
	{"a body that does not come", "POST /v4/im_open_login_svc/kick?sdkappid=1400000000&identifier=a&usersig=x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"},
	{"a body that nobody wants", "GET /openapi.json HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{"},
	{"a body of nobody's", "POST /v1/apps HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"},
}

// TestSlowStrangers: two thousand slow strangers at the same address do not keep out
// whoever has an API key.
func TestSlowStrangers(t *testing.T) {
	cfg := fresh(t, t.TempDir())
	cfg.Limits.PerSource, cfg.Limits.ConnectionsPerSource = config.Rate{}, 0
	r := start(t, cfg, Options{})
	path := r.hosted()
	var strangers []net.Conn
	for i := range 2000 {
		conn := r.dial()
		_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		send(t, conn, slowly[i%len(slowly)].text)
		strangers = append(strangers, conn)
	}
	var answered sync.WaitGroup
	var all [8]map[int]int
	for i := range all {
		all[i] = map[int]int{}
		answered.Go(func() {
			for n := range 100 {
				status, _, err := r.try("POST", path+"/usersigs", object{"userid": fmt.Sprint("alice", n)})
				if err != nil {
					t.Error(err)
				}
				all[i][status]++
				// They go on, as slowly as before. Those who were answered are gone.
				_, _ = io.WriteString(strangers[(i*100+n)%len(strangers)], "x")
			}
		})
	}
	answered.Wait()
	for _, statuses := range all {
		if statuses[http.StatusOK] != 100 {
			t.Errorf("the API key got %v", statuses)
		}
	}
}

// TestStrangersAreAnswered: whoever is refused is told so at once, and not when they have
// sent what nobody wants.
func TestStrangersAreAnswered(t *testing.T) {
	r := start(t, fresh(t, t.TempDir()), Options{})
	for _, way := range slowly[1:] {
		conn := r.dial()
		send(t, conn, way.text)
		got, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: %v", way.what, err)
			continue
		}
		if _, err := io.Copy(io.Discard, got.Body); err != nil || !got.Close {
			t.Errorf("%s: %v, and Connection: close is %v", way.what, err, got.Close)
		}
	}
}

package media_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"usersig/server/internal/gate"
)

// wire is a client that somebody wrote themselves: it says what it wants.
type wire struct {
	t  *testing.T
	ws *websocket.Conn
}

// dial opens a signalling connection, or returns the reply.
func (w *world) dial(path string, q url.Values, c gate.Credential) (*wire, *http.Response, error) {
	w.T.Helper()
	d := websocket.Dialer{HandshakeTimeout: patience}
	ctx, cancel := context.WithTimeout(w.T.Context(), patience)
	defer cancel()
	at := "ws" + strings.TrimPrefix(w.Base, "http") + path
	if len(q) > 0 {
		at += "?" + q.Encode()
	}
	ws, resp, err := d.DialContext(ctx, at, http.Header{"Authorization": {"Bearer " + c.String()}})
	if err != nil {
		return nil, resp, err
	}
	w.T.Cleanup(func() { _ = ws.Close() })
	return &wire{w.T, ws}, resp, nil
}

// plain are the parameters that every SDK sends.
func plain() url.Values { return url.Values{"protocol": {"16"}, "sdk": {"go"}, "version": {"2"}} }

// mustDial is dial for who comes in. It returns LiveKit's greeting.
func (w *world) mustDial(q url.Values, c gate.Credential) (*wire, *livekit.JoinResponse) {
	w.T.Helper()
	x, resp, err := w.dial("/rtc", q, c)
	if err != nil {
		w.T.Fatalf("%v (%v)", err, resp)
	}
	join := x.read().GetJoin()
	if join == nil {
		w.T.Fatal("the server does not begin with a greeting")
	}
	return x, join
}

// joinRequest is the parameter of the newer protocol.
func joinRequest(t *testing.T, r *livekit.JoinRequest) url.Values {
	t.Helper()
	inner, err := proto.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := proto.Marshal(&livekit.WrappedJoinRequest{JoinRequest: inner})
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{"join_request": {base64.URLEncoding.EncodeToString(outer)}}
}

// read returns the next message of the server.
func (x *wire) read() *livekit.SignalResponse {
	x.t.Helper()
	r, err := x.next()
	if err != nil {
		x.t.Fatal(err)
	}
	return r
}

func (x *wire) next() (*livekit.SignalResponse, error) {
	if err := x.ws.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	_, text, err := x.ws.ReadMessage()
	if err != nil {
		return nil, err
	}
	var r livekit.SignalResponse
	return &r, proto.Unmarshal(text, &r)
}

// until reads until a message is the wanted one.
func (x *wire) until(what string, is func(*livekit.SignalResponse) bool) {
	x.t.Helper()
	for {
		r, err := x.next()
		if err != nil {
			x.t.Fatalf("%s: %v", what, err)
		}
		if is(r) {
			return
		}
	}
}

// say sends a request.
func (x *wire) say(r *livekit.SignalRequest) {
	x.t.Helper()
	if err := x.write(r); err != nil {
		x.t.Fatal(err)
	}
}

func (x *wire) write(r *livekit.SignalRequest) error {
	text, err := proto.Marshal(r)
	if err != nil {
		return err
	}
	return x.ws.WriteMessage(websocket.BinaryMessage, text)
}

// answered waits until the server has read all that was said before.
func (x *wire) answered() {
	x.t.Helper()
	x.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{Timestamp: 42}}})
	x.until("an answer", func(r *livekit.SignalResponse) bool { return r.GetPongResp().GetLastPingTimestamp() == 42 })
}

// ends waits until the server has closed the connection, and returns after how long.
func (x *wire) ends() time.Duration {
	x.t.Helper()
	started := time.Now()
	for {
		_, err := x.next()
		if errTimeout(err) {
			x.t.Fatal("the connection is still there")
		}
		if err != nil {
			return time.Since(started)
		}
	}
}

func errTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	text, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

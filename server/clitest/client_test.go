package clitest_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A client here is as little of one as is in a room: a connection that begins a session and
// says nothing more.
type client struct{ conn io.ReadWriteCloser }

// enter connects to the audio/video server with what usersig credential printed. It returns
// when the session has begun.
func enter(server, credential string) (*client, error) {
	query := url.Values{"access_token": {strings.TrimSpace(credential)}, "protocol": {"15"}, "sdk": {"go"}, "auto_subscribe": {"1"}}
	req, err := http.NewRequest(http.MethodGet, server+"/rtc?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		req.Header.Set(name, value)
	}
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	conn, ok := reply.Body.(io.ReadWriteCloser)
	if reply.StatusCode != http.StatusSwitchingProtocols || !ok {
		text, _ := io.ReadAll(io.LimitReader(reply.Body, 1000))
		_ = reply.Body.Close()
		return nil, fmt.Errorf("%s: %s", reply.Status, text)
	}
	_, err = io.ReadFull(conn, make([]byte, 2)) // the head of the server's first message
	return &client{conn}, err
}

// leaves waits until the server ends the session.
func (c *client) leaves() error {
	late := time.AfterFunc(30*time.Second, func() { _ = c.conn.Close() })
	_, err := io.Copy(io.Discard, c.conn)
	if !late.Stop() {
		return fmt.Errorf("the session did not end: %w", err)
	}
	return nil
}

// clients are those of a script, by name.
type clients map[string]*client

// inScript is where a script has its clients.
const inScript = "clients"

func of(ts *testscript.TestScript) clients {
	all, _ := ts.Value(inScript).(clients)
	return all
}

// enters lets a client in with the credential in a file: enters alice alice.credential. With
// ! it must be refused.
func enters(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: enters NAME file")
	}
	c, err := enter(ts.Getenv("URL"), ts.ReadFile(args[1]))
	if (err != nil) != neg {
		ts.Fatalf("enters: %v", err)
	}
	if err == nil {
		of(ts)[args[0]] = c
		ts.Defer(func() { _ = c.conn.Close() })
	}
}

// leaves waits until the server has ended a client's session: leaves alice.
func leaves(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || of(ts)[args[0]] == nil {
		ts.Fatalf("usage: leaves NAME")
	}
	ts.Check(of(ts)[args[0]].leaves())
}

// freePort returns a UDP port that nobody has.
func freePort() (int, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).Port, nil
}

package media

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestTCPPort: strangers who say nothing keep nobody out who does, and one address does
// not get everything.
func TestTCPPort(t *testing.T) {
	l, err := listenTCP([]netip.Addr{ip("127.0.0.1"), ip("127.0.0.2")}, freeTCP(t), 4, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	enter := func(from, to string) (client, server net.Conn) {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		client, err := d.DialContext(t.Context(), "tcp", netip.AddrPortFrom(ip(to), l.port).String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		if server, err = l.Accept(); err != nil {
			t.Fatal(err)
		}
		return client, server
	}
	ended := func(c net.Conn, within time.Duration) bool {
		_ = c.SetReadDeadline(time.Now().Add(within))
		_, err := c.Read(make([]byte, 1))
		timeout, ok := err.(net.Error)
		return !ok || !timeout.Timeout()
	}
	speaker, spoke := enter("127.0.0.3", "127.0.0.1")
	if err := spoke.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	first, _ := enter("127.0.0.4", "127.0.0.2")
	second, server := enter("127.0.0.4", "127.0.0.1")
	enter("127.0.0.4", "127.0.0.1")
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.4")}}
	fourth, err := d.DialContext(t.Context(), "tcp", netip.AddrPortFrom(ip("127.0.0.1"), l.port).String())
	if err != nil || !ended(fourth, 5*time.Second) {
		t.Errorf("a fourth connection of one address stays (%v)", err)
	}
	enter("127.0.0.5", "127.0.0.1")
	if !ended(first, 5*time.Second) {
		t.Error("the oldest silent connection does not make room")
	}
	if ended(second, 100*time.Millisecond) || ended(speaker, 100*time.Millisecond) {
		t.Error("another one had to go")
	}
	_ = server.Close()
	_ = server.Close() // counts once
	if l.mu.Lock(); len(l.open) != 3 || l.of[ip("127.0.0.4")] != 1 || l.silent.Len() != 2 {
		t.Errorf("%d are open, %v, %d silent", len(l.open), l.of, l.silent.Len())
	}
	l.mu.Unlock()
	if err := l.Close(); err != nil || !ended(speaker, 5*time.Second) {
		t.Errorf("closing: %v", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("a closed port accepts")
	}
}

func freeTCP(t *testing.T) uint16 {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}

package engines

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	pion "github.com/pion/turn/v5"

	"usersig"
	"usersig/server/internal/turn"
)

// relay is the reply to POST /turn.
type relay struct {
	Username string   `json:"username"`
	Password string   `json:"password"`
	TTL      int64    `json:"ttl"`
	URIs     []string `json:"uris"`
}

// coturn starts coturn and returns its address.
func (w *world) coturn() string {
	w.t.Helper()
	at := w.free()
	host, port, err := net.SplitHostPort(at)
	w.ok(err)
	dir := w.t.TempDir()
	conf := w.write("turnserver.conf", fmt.Sprintf(`use-auth-secret
static-auth-secret=%s
realm=calls.example
listening-ip=%s
relay-ip=%s
listening-port=%s
allow-loopback-peers
no-tls
no-dtls
no-cli
no-rfc5780
pidfile=%s
userdb=%s
log-file=stdout
`, secret, host, host, port, filepath.Join(dir, "pid"), filepath.Join(dir, "db")))
	w.listens(w.start("turnserver", "-c", conf), at)
	return at
}

// allocate relays a message to an echo server and back.
func (w *world) allocate(at string, r relay) error {
	w.t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(w.t.Context(), "udp", "127.0.0.1:0")
	w.ok(err)
	defer conn.Close()
	client, err := pion.NewClient(&pion.ClientConfig{STUNServerAddr: at, TURNServerAddr: at, Conn: conn, Username: r.Username, Password: r.Password})
	w.ok(err)
	defer client.Close()
	w.ok(client.Listen())
	relayed, err := client.Allocate()
	if err != nil {
		return err
	}
	defer relayed.Close()
	peer := w.echo()
	if _, err := relayed.WriteTo([]byte("hello"), peer); err != nil {
		return err
	}
	w.ok(relayed.SetReadDeadline(time.Now().Add(patience)))
	buf := make([]byte, 16)
	n, _, err := relayed.ReadFrom(buf)
	if err == nil && string(buf[:n]) != "hello" {
		err = fmt.Errorf("%q came back", buf[:n])
	}
	return err
}

// echo answers one packet.
func (w *world) echo() net.Addr {
	w.t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(w.t.Context(), "udp", "127.0.0.1:0")
	w.ok(err)
	w.t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		if n, from, err := conn.ReadFrom(buf); err == nil {
			_, _ = conn.WriteTo(buf[:n], from)
		}
	}()
	return conn.LocalAddr()
}

func TestCoturn(t *testing.T) {
	const ttl = 3 * time.Second
	w := open(t, options{turn: []turn.Server{{URLs: []string{"turn:turn.example:3478"}, Secret: []byte(secret), TTL: ttl}}})
	at := w.coturn()
	good := w.credential("alice", w.sig("alice"))
	ask := func(credential string) (r relay) {
		t.Helper()
		if status := w.post(w.server.URL+"/turn", credential, &r); status != http.StatusOK || r.TTL != int64(ttl/time.Second) || len(r.URIs) != 1 {
			t.Fatalf("POST /turn: %d %+v", status, r)
		}
		return r
	}
	refused := func(name, credential, reason string) {
		t.Helper()
		var refusal usersig.Refusal
		if status := w.post(w.server.URL+"/turn", credential, &refusal); status != http.StatusUnauthorized || refusal.Reason != reason {
			t.Errorf("%s: POST /turn: %d %+v, want %s", name, status, refusal, reason)
		}
	}

	if err := w.allocate(at, ask(good)); err != nil {
		t.Fatalf("good credentials: %v", err)
	}
	forged := ask(good)
	forged.Username = "9" + forged.Username[1:] // for longer
	for name, r := range map[string]relay{"changed": forged, "none": {Username: "x", Password: "x"}} {
		if err := w.allocate(at, r); err == nil {
			t.Errorf("%s credentials were taken", name)
		}
	}
	refused("forged", w.credential("alice", w.forged("alice")), "signature")
	refused("expired", w.credential("alice", w.expired("alice")), "expired")
	refused("another user's", w.credential("bob", w.sig("alice")), "user_mismatch")

	// coturn asks nobody: credentials that a revoked user has are good until they end.
	w.revoke("alice")
	refused("revoked", good, "revoked")
	bob := ask(w.credential("bob", w.sig("bob")))
	since := w.revoke("bob")
	if err := w.allocate(at, bob); err != nil {
		t.Errorf("credentials before their end: %v", err)
	}
	w.until("the credentials end", func() bool { return w.allocate(at, bob) != nil })
	t.Logf("a revoked user's credentials with a TTL of %v ended after %v", ttl, time.Since(since).Round(time.Millisecond))
}

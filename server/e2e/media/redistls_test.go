package media_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usersig"
	"usersig/server/e2e/internal/node"
	"usersig/server/internal/config"
	"usersig/server/internal/daemon"
)

// secure is a certificate for loopback that no system trusts, with its key.
type secure struct{ cert, key string }

// newSecure writes a certificate to files.
func newSecure(t *testing.T) *secure {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	own := s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return &secure{cert: file("cert.pem", "CERTIFICATE", own.Certificate[0]), key: file("key.pem", "PRIVATE KEY", key)}
}

// client is for who asks Redis past the nodes.
func (s *secure) client() *tls.Config {
	if s == nil {
		return nil
	}
	return &tls.Config{InsecureSkipVerify: true} // the nodes are under test, not this
}

// listen returns what redis-server is to be told.
func (s *secure) listen(port string) []string {
	if s == nil {
		return []string{"--port", port}
	}
	return []string{"--port", "0", "--tls-port", port, "--tls-cert-file", s.cert, "--tls-key-file", s.key, "--tls-auth-clients", "no"}
}

// TestRedisOfAPrivateCA: a node finds a Redis server whose certificate its configuration
// names, and does not speak to one that could be anybody.
func TestRedisOfAPrivateCA(t *testing.T) {
	s := newSecure(t)
	r := startSecureRedis(t, s)
	known := func(c *config.Config) {
		c.Media.Redis = config.Redis{Address: r.address, TLS: true, RootFile: s.cert}
	}
	w := open(t, known)
	a := w.app(nil)
	w.mustJoin(a.credential("alice", usersig.Room{Name: "lobby"}))
	if ids := r.client.HKeys(t.Context(), "nodes").Val(); len(ids) != 1 {
		t.Errorf("Redis knows of %v", ids)
	}
	cfg, err := config.Load(config.Source{Flags: func(c *config.Config) {
		c.Listen, c.Data, c.Init = "127.0.0.1:0", filepath.Join(t.TempDir(), "data"), true
		c.Media.UDPPort = node.FreePort(t)
		known(c)
		c.Media.Redis.RootFile = ""
	}})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := daemon.Open(t.Context(), cfg, daemon.Options{}); err == nil {
		_ = d.Close()
		t.Error("a stranger's certificate is taken")
	} else if !strings.Contains(err.Error(), "redis: tls: failed to verify certificate") {
		t.Errorf("refused with: %v", err)
	}
}

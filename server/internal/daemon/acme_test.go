package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"

	"usersig/server/internal/config"
)

const acmeDomain = "usersig.example.org"

// authority is a CA that speaks ACME: Let's Encrypt's own for tests. Its handler comes
// when the port is known on which challenges are answered.
type authority struct {
	*httptest.Server
	handler atomic.Pointer[http.Handler]
	roots   *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*a.handler.Load()).ServeHTTP(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

// rootFile writes what the CA's own directory is checked with.
func (a *authority) rootFile(t *testing.T) string {
	return write(t, filepath.Join(t.TempDir(), "root.pem"),
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw})))
}

// validate makes the CA look for answers on port of every name.
func (a *authority) validate(t *testing.T, port int) {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	authority := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "default"}})
	validator := va.New(quiet, 1, port, false, resolver(t), store)
	front := wfe.New(quiet, store, validator, authority, []string{"ca.example.org"}, false, false, 0, 0)
	handler := front.Handler()
	a.handler.Store(&handler)
	a.roots = x509.NewCertPool()
	a.roots.AddCert(authority.GetRootCert(0).Cert)
}

// resolver is a name server, asked over TCP, to which every name is 127.0.0.1.
func resolver(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: listener, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			answer.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.IPv4(127, 0, 0, 1),
			}}
		}
		_ = w.WriteMsg(answer) // the client asks again
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return listener.Addr().String()
}

// TestACME: a real CA checks that the server answers for its name, and the server has a
// certificate from it.
func TestACME(t *testing.T) {
	ca := newAuthority(t)
	dir := t.TempDir()
	cfg := configure(t, func(c *config.Config) {
		c.Data, c.Init = dir, true
		c.TLS.ACME = config.ACME{
			Domains: []string{acmeDomain}, Email: "operator@example.org", AcceptTerms: true,
			Directory: ca.URL + wfe.DirectoryPath, RootFile: ca.rootFile(t),
		}
	})
	d, err := Open(t.Context(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	port := d.Addr().(*net.TCPAddr)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Listen = port.String()
	ca.validate(t, port.Port)
	r := start(t, cfg, Options{})

	var conn *tls.Conn
	until(t, func() bool {
		conn, err = tls.Dial("tcp", cfg.Listen, &tls.Config{ServerName: acmeDomain, RootCAs: ca.roots, NextProtos: []string{"h2"}})
		return err == nil
	})
	defer conn.Close()
	if got := conn.ConnectionState().NegotiatedProtocol; got != "h2" {
		t.Errorf("the server speaks %q", got)
	}
	if other, err := tls.Dial("tcp", cfg.Listen, &tls.Config{ServerName: "other.example.org", InsecureSkipVerify: true}); err == nil {
		_ = other.Close() // it should not be there
		t.Error("there is a certificate for a name that nobody asked for")
	}
	until(t, func() bool { return strings.Contains(r.log.String(), "a certificate was obtained") })
	if got := modeOf(t, filepath.Join(dir, acmeFolder)); got&0o077 != 0 {
		t.Errorf("the folder of the certificates has mode %o", got)
	}
}

// TestACMEFails: a CA that refuses is in the log, and the server goes on trying.
func TestACMEFails(t *testing.T) {
	ca := newAuthority(t)
	var refuse http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	ca.handler.Store(&refuse)
	dir := t.TempDir()
	r := start(t, configure(t, func(c *config.Config) {
		c.Data, c.Init = dir, true
		c.TLS.ACME = config.ACME{Domains: []string{acmeDomain}, AcceptTerms: true, Directory: ca.URL, RootFile: ca.rootFile(t)}
	}), Options{})
	until(t, func() bool { return strings.Contains(r.log.String(), "a certificate was not obtained") })
}

package daemon

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/config"
)

// selfSigned writes a certificate for 127.0.0.1 and its key.
func selfSigned(t *testing.T, files pair, serial int64) {
	t.Helper()
	cert, key := newCert(t, serial)
	write(t, files.cert, cert)
	write(t, files.key, key)
	// Whatever the resolution of the file system's clock is, this is another time.
	at := time.Unix(1_700_000_000+serial, 0)
	for _, path := range []string{files.cert, files.key} {
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func newCert(t *testing.T, serial int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// serial returns the number of the certificate that the server shows to a new client.
func serial(t *testing.T, r *running) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", r.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestCertificateReloads(t *testing.T) {
	dir := t.TempDir()
	files := pair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	selfSigned(t, files, 1)
	data := filepath.Join(dir, "data")
	configured := func(files pair) *config.Config {
		return configure(t, func(c *config.Config) {
			c.Data, c.Init, c.TLS.Cert, c.TLS.Key = data, true, files.cert, files.key
		})
	}
	r := start(t, configured(files), Options{})
	want := func(n int64) {
		t.Helper()
		if got := serial(t, r); got != n {
			t.Errorf("the server shows certificate %d, want %d", got, n)
		}
	}
	want(1)
	selfSigned(t, files, 2) // without a signal
	want(2)

	// Half of a new pair: the old one stays, and the log says so once.
	good, err := os.ReadFile(files.key)
	if err != nil {
		t.Fatal(err)
	}
	_, other := newCert(t, 3)
	write(t, files.key, other)
	want(2)
	want(2)
	if n := strings.Count(r.log.String(), "the old one stays"); n != 1 {
		t.Errorf("the log complains %d times: %s", n, r.log)
	}
	if err := r.Reload(t.Context(), configured(files)); err == nil {
		t.Error("Reload takes half a pair")
	}
	if err := os.Remove(files.key); err != nil {
		t.Fatal(err)
	}
	want(2)
	write(t, files.key, string(good))
	want(2)

	// One that others can read is not used.
	chmod(t, files.key, 0o644)
	if err := r.Reload(t.Context(), configured(files)); err == nil || !strings.Contains(err.Error(), "tls.key: ") {
		t.Errorf("Reload takes a key that others can read: %v", err)
	}
	chmod(t, files.key, 0o640)

	// A signal can name other files.
	moved := pair{filepath.Join(dir, "cert2.pem"), filepath.Join(dir, "key2.pem")}
	selfSigned(t, moved, 4)
	if err := r.Reload(t.Context(), configured(moved)); err != nil {
		t.Fatal(err)
	}
	want(4)
}

func TestTLSOnly(t *testing.T) {
	dir := t.TempDir()
	files := pair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	selfSigned(t, files, 1)
	r := start(t, configure(t, func(c *config.Config) {
		c.Data, c.Init, c.Listen, c.TLS.Cert, c.TLS.Key = filepath.Join(dir, "data"), true, "0.0.0.0:0", files.cert, files.key
	}), Options{})
	_, port, _ := net.SplitHostPort(r.Addr().String())
	for _, suite := range tls.CipherSuites() {
		if strings.Contains(suite.Name, "_CBC_") {
			cbc := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}}
			if conn, err := tls.Dial("tcp", "127.0.0.1:"+port, cbc); err == nil {
				_ = conn.Close()
				t.Errorf("%s is taken", suite.Name)
			}
		}
	}
	aead := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}
	if conn, err := tls.Dial("tcp", "127.0.0.1:"+port, aead); err != nil {
		t.Errorf("a client with TLS 1.2: %v", err)
	} else {
		_ = conn.Close()
	}
	if _, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	resp, err := http.Get("http://127.0.0.1:" + port + "/healthz")
	if err == nil {
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("plain HTTP is answered with %d", resp.StatusCode)
		}
	}
	roots := x509.NewCertPool()
	text, err := os.ReadFile(files.cert)
	if err != nil {
		t.Fatal(err)
	}
	roots.AppendCertsFromPEM(text)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	resp, err = client.Get("https://127.0.0.1:" + port + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
		t.Errorf("HTTPS is answered with %d over HTTP/%d", resp.StatusCode, resp.ProtoMajor)
	}
	client.CloseIdleConnections()
}

func TestRoots(t *testing.T) {
	cert, _ := newCert(t, 1)
	file := write(t, filepath.Join(t.TempDir(), "roots.pem"), cert)
	if pool, err := rootsOf("tls.acme.root_file", file); err != nil || pool == nil {
		t.Errorf("rootsOf = %v, %v", pool, err)
	}
	write(t, file, "nothing")
	if pool, err := rootsOf("tls.acme.root_file", file); err == nil || pool != nil {
		t.Errorf("rootsOf(nothing) = %v, %v", pool, err)
	}
	if pool, err := rootsOf("tls.acme.root_file", ""); err != nil || pool != nil {
		t.Errorf("rootsOf() = %v, %v", pool, err)
	}
}

package daemon

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"usersig/server/internal/custody"
)

// certs is a certificate in two files, which are read again when one has changed.
type certs struct {
	log *slog.Logger

	mu      sync.Mutex // guards all below
	files   pair
	seen    [2]stamp // of the files when they were last read, good or not
	current *tls.Certificate
}

// pair names a certificate's files.
type pair struct{ cert, key string }

// stamp tells whether a file is still the one that was read. Links are followed: what
// orchestrators mount is one that they change.
type stamp struct {
	size     int64
	modified time.Time
	missing  bool
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{missing: errors.Is(err, fs.ErrNotExist)}
	}
	return stamp{size: info.Size(), modified: info.ModTime()}
}

func (p pair) stamps() [2]stamp { return [2]stamp{stampOf(p.cert), stampOf(p.key)} }

// openCerts reads a pair, which must be good: there is no other to go on with.
func openCerts(files pair, log *slog.Logger) (*certs, error) {
	c := &certs{log: log}
	return c, c.use(files)
}

// use changes which files are read, unless they are not good.
func (c *certs) use(files pair) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := files.stamps() // before they are read: a change in between is then seen later
	cert, err := files.load()
	if err != nil {
		return err
	}
	c.files, c.seen, c.current = files, seen, cert
	return nil
}

// load refuses a key that others can read, who could pretend to be this server.
func (p pair) load() (*tls.Certificate, error) {
	text, err := readBounded(p.cert)
	if err != nil {
		return nil, fmt.Errorf("tls.cert: %w", err)
	}
	key, err := custody.ReadSecret(p.key)
	if err != nil {
		return nil, fmt.Errorf("tls.key: %w", err)
	}
	defer clear(key)
	cert, err := tls.X509KeyPair(text, key)
	if err != nil {
		return nil, fmt.Errorf("read certificate %q and key %q: %w", p.cert, p.key, err)
	}
	return &cert, nil
}

// get is called for each handshake. Looking at two files costs little beside one, and
// a look needs no clock and no watcher that could miss a change.
func (c *certs) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.files.stamps()
	if seen == c.seen {
		return c.current, nil
	}
	c.seen = seen // whatever comes of it: one line in the log for each change, not for each client
	cert, err := c.files.load()
	if err != nil {
		c.log.Warn("the certificate has changed and is not good; the old one stays", "err", err)
		return c.current, nil
	}
	c.current = cert
	c.log.Info("the certificate has changed", "cert", c.files.cert, "not_after", cert.Leaf.NotAfter)
	return c.current, nil
}

func (c *certs) config() *tls.Config {
	return modern(&tls.Config{GetCertificate: c.get})
}

// modern takes from TLS 1.2 what only old clients need: the suites with CBC, which Go
// protects from attacks by timing in part only. Those of TLS 1.3 are not to be chosen.
func modern(c *tls.Config) *tls.Config {
	c.MinVersion = tls.VersionTLS12
	c.CipherSuites = []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
	return c
}

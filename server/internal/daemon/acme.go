package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"usersig/server/internal/config"
)

// acme gets certificates from a CA and renews them, in the background.
type acme struct {
	cache *certmagic.Cache
	magic *certmagic.Config
	names []string
}

// openACME prepares to get certificates. Challenges are answered at address, which
// somebody has forwarded port 443 of the domains to.
func openACME(cfg *config.Config, address net.Addr, log *slog.Logger) (*acme, error) {
	roots, err := rootsOf("tls.acme.root_file", cfg.TLS.ACME.RootFile)
	if err != nil {
		return nil, err
	}
	at, ok := address.(*net.TCPAddr)
	if !ok {
		return nil, errors.New("ACME needs a TCP address")
	}
	a := &acme{names: cfg.TLS.ACME.Domains}
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.magic, nil },
		Logger:           zap.NewNop(), // what matters comes as an event
	})
	a.magic = certmagic.New(a.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: cfg.DataFile(acmeFolder)},
		Logger:  zap.NewNop(),
		OnEvent: func(_ context.Context, event string, data map[string]any) error { tell(log, event, data); return nil },
	})
	a.magic.Issuers = []certmagic.Issuer{certmagic.NewACMEIssuer(a.magic, certmagic.ACMEIssuer{
		CA: cfg.TLS.ACME.Directory, Email: cfg.TLS.ACME.Email, Agreed: cfg.TLS.ACME.AcceptTerms, TrustedRoots: roots,
		DisableHTTPChallenge: true, ListenHost: at.IP.String(), AltTLSALPNPort: at.Port, Logger: zap.NewNop(),
	})}
	return a, nil
}

func tell(log *slog.Logger, event string, data map[string]any) {
	switch event {
	case "cert_obtained":
		log.Info("a certificate was obtained", "domain", data["identifier"], "renewal", data["renewal"])
	case "cert_failed":
		log.Error("a certificate was not obtained", "domain", data["identifier"], "renewal", data["renewal"], "err", data["error"])
	}
}

// rootsOf reads the certificates of a private CA from the file that a key of the
// configuration names.
func rootsOf(key, path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // those of the system
	}
	text, err := readBounded(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: %q has no certificate", key, path)
	}
	return pool, nil
}

// manage returns at once. Until there is a certificate, handshakes fail.
func (a *acme) manage(ctx context.Context) error {
	if err := a.magic.ManageAsync(ctx, a.names); err != nil {
		return fmt.Errorf("get certificates: %w", err)
	}
	return nil
}

func (a *acme) config() *tls.Config {
	c := modern(a.magic.TLSConfig()) // which answers challenges too
	c.NextProtos = append([]string{"h2", "http/1.1"}, c.NextProtos...)
	return c
}

func (a *acme) close() { a.cache.Stop() }

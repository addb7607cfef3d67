// Package config reads the configuration of usersigd: one YAML file, single keys of
// which the environment can override.
//
// [Config] is its reference manual. default.yaml, which `usersigd print-config
// --default` prints, is generated from its comments.
package config

import (
	"net/netip"
	"time"
)

//go:generate go test . -run ^Test(DefaultFile|ManPage)$ -count=1 -update

// Config is the configuration file. Every key is described here and nowhere else. A key
// that is not here is an error, because a misspelt limit would silently be none.
//
// Every key can be overridden by an environment variable: USERSIGD_ and the key's path in
// upper case, joined by underscores, as in USERSIGD_LISTEN or USERSIGD_LOG_LEVEL. Its
// value is the text for a key that is text, and YAML for the others, as in
// USERSIGD_CORS_ORIGINS='[https://console.example.org]'. A variable that names no key is
// an error too.
//
// No key has a secret for a value: secrets are in files, which keys name. The one
// exception, a password in the URL of the store, has store_file for a better place.
//
// Whoever can write this file decides who may sign: protect it like the keys. One that
// others can write is refused.
type Config struct {
	// Data is the folder that holds the state: the SQLite database (usersig.db), the KEK
	// file (kek), certificates got by ACME (acme/) and, from init, the first operator's
	// credential (operator.token). It is required unless state is elsewhere (store and
	// kek) or there is none (apps).
	//
	// The folder belongs to the user that runs the server and nobody else reads it. Whoever
	// can read both the database and the KEK file has every hosted key. Whoever can put an
	// older database back can revive a revoked user or a killed key, and whoever can write
	// to it can make themselves an operator. So a folder that others can write is refused,
	// and what others can read in it is named in the log.
	Data string `yaml:"data"`

	// Init allows state to be made where there is none. Without it, a folder or database
	// that is empty or missing is taken for a wrong path, and the server stops: one that
	// started all the same would have no keys and no revocations, and nobody would notice.
	// State that is there is never changed or overwritten by it.
	Init bool `yaml:"init"`

	// Listen is the address of the API: "127.0.0.1:8080", "[::1]:8080", or ":8443" for
	// every address of the machine. Port 0 is any that is free.
	Listen string `yaml:"listen"`

	// AllowPlainHTTP allows an address that is not loopback to be served without TLS.
	// API keys and tokens cross the network readable then: set it only if every hop
	// between the clients and here is trusted, as behind a proxy that ends TLS on the same
	// machine or in the same mesh.
	AllowPlainHTTP bool `yaml:"allow_plain_http"`

	// TLS says where certificates come from: from files, or from a CA by ACME. Without
	// either, plain HTTP is served.
	TLS TLS `yaml:"tls"`

	// Store says where applications, keys, users and the audit log are kept. Empty is the
	// SQLite database in data, for one node. "postgres://user@host/database?sslmode=verify-full"
	// is for any number of nodes.
	//
	// A URL with a host that is not this machine must say how the way there is protected:
	// sslmode=verify-full, which checks that the right server answers (verify-ca and require
	// check less), or sslmode=disable, for a network where every hop is trusted.
	//
	// The store is not trusted with secrets: private keys are sealed under the KEK before
	// they reach it, and API keys are hashed. It is trusted to be current and to be
	// written by nobody else: whoever can write to it can make themselves an operator, and
	// whoever can roll it back can revive a revoked user.
	Store string `yaml:"store"`

	// StoreURL is what store or store_file says.
	StoreURL string `yaml:"-"`

	// StoreFile is a file that holds the value of store and excludes it. A URL with a
	// password belongs there, in a file of mode 0600 or a mounted secret: its mode must be
	// as key_file's.
	StoreFile string `yaml:"store_file"`

	// KEK is what hosted keys are sealed under: the path or file:// URI of a KEK file, or
	// the URI of a key in a KMS for which the build has a client. Empty is the file "kek"
	// in data. All nodes of a store need the same.
	//
	// It is trusted with every hosted key, together with the store: keep it, and its
	// backups, apart from those of the store. The file must be of mode 0600.
	KEK string `yaml:"kek"`

	// KEKOlder names KEKs that kek replaces. What they sealed is opened and never sealed
	// under them again. To move: put the new one into kek and the old one here, restart
	// every node, run `usersigd kek rewrap`, and remove the old one.
	KEKOlder []string `yaml:"kek_older"`

	// MaxStale is how long this node goes on answering from what it last read when the
	// store cannot be reached. After that it refuses everything, because a revocation made
	// elsewhere would not be known here. A longer time is more available, and lets a
	// revoked user or a killed key in for as long when the store is down.
	MaxStale time.Duration `yaml:"max_stale"`

	// Poll is how often the store is asked for changes, besides being told of them. It
	// bounds how long a revocation made on another node can be unknown here, and is a
	// second at most.
	Poll time.Duration `yaml:"poll"`

	// Audit is where the audit log goes if there is no store (see apps): a file, to which
	// JSON lines are appended, or "-" for standard output. Empty is the file audit.jsonl in
	// data, or standard output without data. With a store, the log is in the store and this
	// must be empty.
	//
	// A file is gone on with at the next start. On standard output each run begins a new
	// chain, with an entry that says so (audit.begin): `usersigd audit verify --file` takes
	// a file of several runs for that many logs, and cannot tell whether one of them, or
	// the end of one, is missing. For a log that shows that, use a file.
	//
	// Whoever can write to it can cut off its end; only a note of its head, kept elsewhere,
	// gives that away (see `usersigd audit verify --head`).
	Audit string `yaml:"audit"`

	// AuditSync is how long the record of a signing, or of what was denied, may be on its
	// way to the disk when the answer leaves, with the SQLite database: a second at most.
	// The operating system has it by then, so that nothing is lost when the server is
	// killed. When the power fails, the records of that last time may be lost, and what is
	// left of the log verifies. What changes something, such as a revocation or a new key,
	// is always on the disk before the answer, and all records before it are, too. 0 makes
	// every record wait for the disk, which issues fewer tokens a second.
	AuditSync time.Duration `yaml:"audit_sync"`

	// Metrics are for Prometheus, at /metrics.
	Metrics Metrics `yaml:"metrics"`

	// Trace sends OpenTelemetry traces, which are off unless it names a receiver.
	Trace Trace `yaml:"trace"`

	// Log is about what is written to standard error. It never holds tokens or keys.
	Log Log `yaml:"log"`

	// Limits bound what clients can make the server do.
	Limits Limits `yaml:"limits"`

	// CORS lets pages of other sites call the API from a browser.
	CORS CORS `yaml:"cors"`

	// Media is the audio/video server inside this one, which lets users in by their UserSig.
	Media Media `yaml:"media"`

	// Hooks answer other media servers, which ask who may publish and play.
	Hooks Hooks `yaml:"hooks"`

	// TrustedProxies are the networks of the proxies in front of this server, such as
	// 10.1.0.0/16. Only they are believed when they say in X-Forwarded-For where a request
	// comes from. Whoever can send from there can pretend to be anywhere, and so get around
	// the networks of API keys and lock others out (code 70050): name the proxies, and not
	// the whole network they are in.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`

	// Apps makes this a stateless signer: the applications are the ones listed here, there
	// is no database, and nothing can be changed through the API. Users cannot be revoked
	// or blocked, because nothing would remember it. It excludes store and init. Changes
	// take effect on SIGHUP.
	Apps []App `yaml:"apps"`
}

// TLS says where certificates come from.
type TLS struct {
	// Cert is a PEM file with the server's certificate, and those of intermediate CAs
	// after it. It needs key, and excludes acme. Both files are read again when one has
	// changed; a pair that does not match or cannot be read is reported, and the old one
	// stays.
	Cert string `yaml:"cert"`

	// Key is a PEM file with the private key of cert. Whoever reads it can pretend to be
	// this server: its mode must be as key_file's.
	Key string `yaml:"key"`

	// ACME gets certificates from a CA and renews them. It answers the challenge
	// TLS-ALPN-01 on listen, which the CA must reach as port 443 of each domain. What it
	// gets is kept in data, so it is for a single node.
	ACME ACME `yaml:"acme"`
}

// ACME gets certificates from a CA.
type ACME struct {
	// Domains are the names to get certificates for. Others are not asked for, whatever a
	// client names. It excludes cert.
	Domains []string `yaml:"domains"`

	// Email is where the CA writes if something is wrong. It may be empty.
	Email string `yaml:"email"`

	// Directory is the URL of the CA. It is trusted to say who this server is.
	Directory string `yaml:"directory"`

	// RootFile is a PEM file with the certificate that the CA's own directory is checked
	// with, for a private CA. Empty is what the system trusts.
	RootFile string `yaml:"root_file"`

	// AcceptTerms says that you have read and accept the CA's terms of service. It must be
	// true if there are domains.
	AcceptTerms bool `yaml:"accept_terms"`
}

// Metrics are for Prometheus.
type Metrics struct {
	// Listen is an address of their own for the metrics, such as "127.0.0.1:9090", in plain
	// HTTP. If empty, they are at /metrics of listen, and only if that is loopback. They
	// hold no names, but tell how many applications and keys there are and how much they
	// are used: whoever reaches the address can read them.
	Listen string `yaml:"listen"`
}

// Trace sends OpenTelemetry traces.
type Trace struct {
	// Endpoint is the URL of an OTLP receiver over HTTP, such as
	// "http://127.0.0.1:4318/v1/traces". It gets routes, codes and times, and the addresses
	// of clients; no user IDs, no tokens. Empty sends nothing.
	Endpoint string `yaml:"endpoint"`

	// Ratio is the share of requests that are traced, between 0 and 1. Clients cannot
	// change it: a trace that they say they are part of is only linked.
	Ratio float64 `yaml:"ratio"`
}

// Log is about what is written to standard error.
type Log struct {
	// Level is the least that is written: debug, info, warn or error. SIGHUP changes it.
	Level string `yaml:"level"`

	// Format is text or json.
	Format string `yaml:"format"`
}

// Limits bound what clients can make the server do.
type Limits struct {
	// Requests is how many requests are worked on at once. More are answered with 503 and
	// Retry-After, so that the others are answered in time. Those whose sender is not known
	// yet are a quarter of them at most, and 16 from one address (for IPv6, its /64), so
	// that strangers keep nobody out who has an API key. SIGHUP changes it.
	Requests int `yaml:"requests"`

	// Connections is how many connections are open at once. When there are as many, the
	// one that has carried no request for longest is closed for a new one.
	Connections int `yaml:"connections"`

	// ConnectionsPerSource is how many of them come from one address (for IPv6, its /64).
	// More are closed at once. 0 is no bound. It does not bind trusted_proxies: name them
	// there, or all that they pass on is from one address.
	ConnectionsPerSource int `yaml:"connections_per_source"`

	// PerSource bounds the requests that bring no API key, by the address they come from
	// (for IPv6, its /64). More are answered with 429 and Retry-After. Of those to /rtc and
	// /turn the ones count that show no good UserSig.
	PerSource Rate `yaml:"per_source"`

	// PerKey bounds the requests of each API key, so that a back end that runs wild, or
	// whoever has stolen its key, leaves something to the others. More are answered with
	// 429 and Retry-After.
	PerKey Rate `yaml:"per_key"`

	// HeaderBytes is how long the header of a request may be.
	HeaderBytes int `yaml:"header_bytes"`

	// HeaderTimeout is how long a client may take for the header of a request. It keeps
	// slow clients from holding connections.
	HeaderTimeout time.Duration `yaml:"header_timeout"`

	// IdleTimeout is how long a connection is kept open between requests.
	IdleTimeout time.Duration `yaml:"idle_timeout"`

	// DrainDelay is how long requests are still accepted after SIGTERM, while /readyz
	// already says 503, so that load balancers have time to look. SIGHUP changes it.
	DrainDelay time.Duration `yaml:"drain_delay"`

	// DrainTimeout is how long requests that are under way may take to end after that, and
	// calls to move to other nodes. What is left is cut off. SIGHUP changes it.
	DrainTimeout time.Duration `yaml:"drain_timeout"`
}

// Rate is how often somebody may ask. SIGHUP changes it.
type Rate struct {
	// PerSecond is how often in the long run. 0 is no bound.
	PerSecond float64 `yaml:"per_second"`

	// Burst is how often at once, after a pause.
	Burst int `yaml:"burst"`
}

// CORS lets pages of other sites call the API from a browser.
type CORS struct {
	// Origins are the sites whose pages may, such as https://console.example.org. A page
	// needs a credential as well: the API knows no cookies, so this lends nobody a user's
	// rights. SIGHUP changes it.
	Origins []string `yaml:"origins"`
}

// App is an application of the stateless signer.
type App struct {
	// SDKAppID is its number.
	SDKAppID uint32 `yaml:"sdkappid"`

	// Name is for people.
	Name string `yaml:"name"`

	// KeyFile holds what signs: a private_key in PEM (v1) or a SECRETKEY of 64 hexadecimal
	// digits (v2). Whoever reads it can be any user of the application: its mode must keep
	// others out, as 0600 does, or 0640 where an orchestrator mounts it for a group. It
	// excludes sealed_file.
	KeyFile string `yaml:"key_file"`

	// SealedFile holds the same, sealed under kek by `usersigd kek seal`. It is of no use
	// to whoever has no kek, and needs no protection.
	SealedFile string `yaml:"sealed_file"`

	// KeyID is the ID of the key in sealed_file, as `usersigd kek seal` printed it. With
	// key_file it may be empty; if it is not, another key is refused.
	KeyID string `yaml:"key_id"`

	// PublicKeyFiles are keys that verify as well, such as those that signed before.
	PublicKeyFiles []string `yaml:"public_key_files"`

	// MaxTTL is the longest life of a token that is issued, 1s at least. 0 is 180 days.
	MaxTTL time.Duration `yaml:"max_ttl"`

	// UserIDs is "portable" for letters, digits, '_' and '-', at most 32, which is what
	// Tencent's own servers promise to take, or "any". Empty is portable.
	UserIDs string `yaml:"user_ids"`

	// RequirePrivateMapKey makes a PrivateMapKey necessary to enter a room.
	RequirePrivateMapKey bool `yaml:"require_privatemapkey"`

	// OIDC lets signed-in users of an identity provider fetch a UserSig of their own. The
	// provider is trusted to say who a user is.
	OIDC OIDC `yaml:"oidc"`

	// APIKeys are the credentials of the back ends that may call.
	APIKeys []APIKey `yaml:"api_keys"`
}

// OIDC names an OpenID Connect provider.
type OIDC struct {
	// Issuer is the provider's URL. Empty turns this off.
	Issuer string `yaml:"issuer"`

	// Audience is what the provider's tokens must be for: the client ID of the app.
	Audience string `yaml:"audience"`

	// Claim is the one that is the user ID. Empty is sub.
	Claim string `yaml:"claim"`
}

// APIKey is a credential of the stateless signer. `usersigd apikey FILE` makes one.
type APIKey struct {
	// Name is for people.
	Name string `yaml:"name"`

	// ID and sha256 are what `usersigd apikey` printed. The credential cannot be found from
	// them, so they need no protection from readers.
	ID string `yaml:"id"`

	// SHA256 is the hash of the credential's secret part, in hexadecimal.
	SHA256 string `yaml:"sha256"`

	// TokenFile is a file with the credential itself, instead of id and sha256. Whoever
	// reads it can use it: its mode must be as key_file's.
	TokenFile string `yaml:"token_file"`

	// Scopes are what it may do: issue, verify, revoke, read. Requests to revoke are
	// answered with a conflict, because that needs a store.
	Scopes []string `yaml:"scopes"`

	// Networks are where it may be used from, such as 10.2.0.0/16. Empty is anywhere.
	Networks []netip.Prefix `yaml:"networks"`
}

// Default returns the configuration of an empty file.
func Default() *Config {
	return &Config{
		Media:     defaultMedia(),
		Listen:    "127.0.0.1:8080",
		TLS:       TLS{ACME: ACME{Directory: "https://acme-v02.api.letsencrypt.org/directory"}},
		MaxStale:  30 * time.Second,
		Poll:      250 * time.Millisecond,
		AuditSync: time.Second,
		Trace:     Trace{Ratio: 1},
		Log:       Log{Level: "info", Format: "text"},
		Limits: Limits{
			Requests:             1024,
			Connections:          8192,
			ConnectionsPerSource: 1024,
			PerSource:            Rate{PerSecond: 50, Burst: 500},
			PerKey:               Rate{PerSecond: 2000, Burst: 4000},
			HeaderBytes:          16 << 10,
			HeaderTimeout:        5 * time.Second,
			IdleTimeout:          2 * time.Minute,
			DrainTimeout:         30 * time.Second,
		},
	}
}

package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// load reads a configuration from text. Data is set unless the text sets it.
func load(t *testing.T, text string, environ ...string) (*Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "usersigd.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(Source{File: file, Environ: environ, Flags: func(c *Config) {
		if c.Data == "" && !strings.Contains(text, "data:") {
			c.Data = "/var/lib/usersig"
		}
	}})
}

func TestLoad(t *testing.T) {
	c, err := load(t, `
listen: ":8443"
tls: {cert: cert.pem, key: key.pem}
max_stale: 1m
trusted_proxies: [10.0.0.0/8]
cors: {origins: ["https://console.example.org"]}
limits: {requests: 7}
`, "USERSIGD_LOG_LEVEL=debug", "USERSIGD_LIMITS_REQUESTS=8", "USERSIGD_TRUSTED_PROXIES=[192.0.2.1/32, 2001:db8::/64]", "HOME=/root", "USERSIGD_POLL=1s")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != ":8443" || c.TLS.Key != "key.pem" || c.MaxStale != time.Minute || c.Poll != time.Second || c.CORS.Origins[0] != "https://console.example.org" {
		t.Errorf("the file's values are not there: %+v", c)
	}
	if c.Log.Level != "debug" || c.Limits.Requests != 8 || len(c.TrustedProxies) != 2 || c.TrustedProxies[0].String() != "192.0.2.1/32" {
		t.Errorf("the environment's values are not there: %+v", c)
	}
	if c.Limits.IdleTimeout != Default().Limits.IdleTimeout || c.Log.Format != "text" {
		t.Errorf("defaults are lost: %+v", c)
	}
	if c.KEKPath() != "/var/lib/usersig/kek" || c.Stateless() {
		t.Errorf("KEKPath() = %q, Stateless() = %v", c.KEKPath(), c.Stateless())
	}
}

func TestLoadNothing(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n"} {
		if _, err := load(t, text); err != nil {
			t.Errorf("Load(%q): %v", text, err)
		}
	}
}

// TestRefused: what is wrong is told by its key, or its line.
func TestRefused(t *testing.T) {
	const app = "apps: [{sdkappid: 1, name: a, key_file: k, "
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", "lisen: x", `line 1: there is no key "lisen"`},
		{"unknown key below", "log: {leve: x}", `line 1: log: there is no key "leve"`},
		{"unknown key in list", "apps: [{sdkapid: 1}]", `line 1: apps[0]: there is no key "sdkapid"`},
		{"twice", "init: true\ninit: false", `line 2: "init" is already defined in line 1`},
		{"type", "init: 7", "line 1: init: it is true or false"},
		{"duration without unit", "log: {}\npoll: 250", "line 2: poll: it is a time with its unit, such as 30s"},
		{"duration below", "limits:\n  idle_timeout: soon", "line 2: limits.idle_timeout: it is a time"},
		{"fraction", "limits: {requests: 1.5}", "line 1: limits.requests: it is a whole number"},
		{"number", "trace: {ratio: all}", "line 1: trace.ratio: it is a number"},
		{"negative number", "apps: [{sdkappid: -1}]", "line 1: apps[0].sdkappid: it is a number between 0 and 4294967295"},
		{"text", "listen: [a]", "line 1: listen: it is text"},
		{"list", "kek_older: /etc/kek", "line 1: kek_older: it is a list"},
		{"list of text", "kek_older:\n- a\n- {b: c}", "line 3: kek_older[1]: it is text"},
		{"group", "log: debug", "line 1: log: it is keys and their values"},
		{"no keys at all", "debug", "line 1: it is keys and their values"},
		{"not yaml", "a: [", "line 1"},
		{"two documents", "init: false\n---\ninit: true", "more than one"},
		{"no data", "data: ''", "data: it is required"},
		{"store", "store: mysql://x", "store: it is empty for SQLite"},
		{"store both", "store: postgres://x?sslmode=disable\nstore_file: y", "store: it excludes store_file"},
		{"store file missing", "store_file: nosuch", "store_file: "},
		{"no kek", "data: ''\nstore: postgres://x", "kek: it is required"},
		{"init without data", "data: ''\nkek: k\nstore: postgres://x\ninit: true", "data: init needs it"},
		{"audit with store", "audit: log", "audit: "},
		{"max stale", "max_stale: 2h", "max_stale: "},
		{"poll", "poll: 2s", "poll: "},
		{"listen", "listen: '8080'", "listen: it is an address"},
		{"listen name", "listen: example.org:80", "listen: it is an address"},
		{"listen port", "listen: '127.0.0.1:'", "listen: it is an address"},
		{"plain everywhere", "listen: ':8080'", "allow_plain_http allows it"},
		{"plain elsewhere", "listen: '192.0.2.1:8080'", "allow_plain_http allows it"},
		{"plain IPv6", "listen: '[::]:8080'", "allow_plain_http allows it"},
		{"plain and TLS", "allow_plain_http: true\ntls: {cert: c, key: k}", "allow_plain_http: it excludes tls"},
		{"cert alone", "tls: {cert: c}", "tls: cert and key"},
		{"key alone", "tls: {key: c}", "tls: cert and key"},
		{"cert and acme", "tls: {cert: c, key: k, acme: {domains: [a.example.org], accept_terms: true}}", "tls.acme: it excludes cert"},
		{"terms", "tls: {acme: {domains: [a.example.org]}}", "accept_terms: it must be true"},
		{"terms alone", "tls: {acme: {accept_terms: true}}", "tls.acme.domains: "},
		{"acme without data", "data: ''\nstore: postgres://x\nkek: k\ntls: {acme: {domains: [a.example.org], accept_terms: true}}", "tls.acme: it needs data"},
		{"acme directory", "tls: {acme: {domains: [a.example.org], accept_terms: true, directory: 'http://x'}}", "tls.acme.directory: "},
		{"wildcard", "tls: {acme: {domains: ['*.example.org'], accept_terms: true}}", "tls.acme.domains[0]: "},
		{"every proxy", "trusted_proxies: [10.0.0.0/8, 0.0.0.0/0]", "trusted_proxies[1]: "},
		{"proxy name", "trusted_proxies: [proxy]", "line 1: trusted_proxies[0]: it is a network, such as 10.1.0.0/16"},
		{"proxy address", "trusted_proxies:\n- 10.0.0.1/32\n- 10.0.0.0", "line 3: trusted_proxies[1]: it is a network"},
		{"half of all proxies", "trusted_proxies: [128.0.0.0/1]", "trusted_proxies[0]: this is a large part"},
		{"proxy with more", "trusted_proxies: [10.0.0.1/8]", "trusted_proxies[0]: it goes on after its length: write 10.0.0.0/8"},
		{"proxy in IPv6", "trusted_proxies: ['::ffff:10.0.0.0/104']", "trusted_proxies[0]: write it as an IPv4 network"},
		{"store elsewhere", "store: postgres://u@db.example.org/d", "store: it is on another machine: add sslmode=verify-full"},
		{"store anywhere", "store: postgres://u@127.0.0.1:1,192.0.2.1:2/d?sslmode=prefer", "store: it is on another machine"},
		{"store by query", "store: postgres://u@localhost/d?host=db.example.org", "store: it is on another machine"},
		{"sslmode", "store: postgres://u@127.0.0.1/d?sslmode=bogus", "store: sslmode is verify-full"},
		{"any origin", "cors: {origins: ['*']}", "cors.origins[0]: "},
		{"origin path", "cors: {origins: ['https://a.example.org/']}", "cors.origins[0]: "},
		{"metrics", "metrics: {listen: x}", "metrics.listen: "},
		{"trace", "trace: {endpoint: 'localhost:4318'}", "trace.endpoint: "},
		{"ratio", "trace: {ratio: 2}", "trace.ratio: "},
		{"ratio not a number", "trace: {ratio: .nan}", "trace.ratio: "},
		{"level", "log: {level: all}", "log.level: "},
		{"format", "log: {format: xml}", "log.format: "},
		{"audit sync", "audit_sync: 2s", "audit_sync: "},
		{"negative audit sync", "audit_sync: -1s", "audit_sync: "},
		{"no requests", "limits: {requests: 0}", "limits.requests: "},
		{"no connections", "limits: {connections: 0}", "limits.connections: "},
		{"connections per source", "limits: {connections_per_source: -1}", "limits.connections_per_source: "},
		{"header bytes", "limits: {header_bytes: 1}", "limits.header_bytes: "},
		{"no timeout", "limits: {header_timeout: 0s}", "limits.header_timeout: "},
		{"negative", "limits: {drain_timeout: -1s}", "limits.drain_timeout: "},
		{"rate", "limits: {per_key: {per_second: -1}}", "limits.per_key.per_second: "},
		{"burst", "limits: {per_source: {per_second: 1, burst: 0}}", "limits.per_source.burst: "},
		{"apps and store", "store: postgres://x\n" + app + "}]", "apps: it excludes store"},
		{"apps and init", "init: true\n" + app + "}]", "apps: it excludes init"},
		{"app number", "apps: [{name: a, key_file: k}]", "apps[0].sdkappid: "},
		{"app name", "apps: [{sdkappid: 1, key_file: k}]", "apps[0].name: "},
		{"app twice", "apps: [{sdkappid: 1, name: a, key_file: k}, {sdkappid: 1, name: b, key_file: l}]", "apps[1].sdkappid: "},
		{"app key", "apps: [{sdkappid: 1, name: a}]", "apps[0]: either key_file or sealed_file"},
		{"app keys", app + "sealed_file: s}]", "apps[0]: either key_file or sealed_file"},
		{"sealed", "apps: [{sdkappid: 1, name: a, sealed_file: s}]", "apps[0].sealed_file: it needs kek"},
		{"sealed ID", "apps: [{sdkappid: 1, name: a, sealed_file: s}]", "apps[0].key_id: "},
		{"app TTL", app + "max_ttl: -1s}]", "apps[0].max_ttl: "},
		{"app TTL of a moment", app + "max_ttl: 999ms}]", "apps[0].max_ttl: it is 0, which is 180 days, or 1s and more"},
		{"API key twice", app + "api_keys: [{name: b, id: x, sha256: y, scopes: [read]}, {name: c, id: x, sha256: z, scopes: [read]}]}]", "apps[0].api_keys[1].id: a credential before"},
		{
			"API key of two", app + "api_keys: [{name: b, id: x, sha256: y, scopes: [read]}]}, {sdkappid: 2, name: b, key_file: l, api_keys: [{name: b, id: x, sha256: y, scopes: [read]}]}]",
			"apps[1].api_keys[0].id: a credential before",
		},
		{"API key scope twice", app + "api_keys: [{name: b, token_file: z, scopes: [issue, read, issue]}]}]", "apps[0].api_keys[0].scopes[2]: it is there twice"},
		{"API key network", app + "api_keys: [{name: b, token_file: z, scopes: [issue], networks: [10.0.0.1/8]}]}]", "apps[0].api_keys[0].networks[0]: it goes on after its length: write 10.0.0.0/8"},
		{"API key", app + "api_keys: [{name: b, scopes: [issue], id: x}]}]", "apps[0].api_keys[0]: either"},
		{"API key both", app + "api_keys: [{name: b, scopes: [issue], id: x, sha256: y, token_file: z}]}]", "apps[0].api_keys[0]: either"},
		{"API key mixed", app + "api_keys: [{name: b, scopes: [issue], id: x, token_file: z}]}]", "apps[0].api_keys[0]: either"},
		{"API key name", app + "api_keys: [{scopes: [issue], token_file: z}]}]", "apps[0].api_keys[0].name: "},
		{"API key scope", app + "api_keys: [{name: b, token_file: z, scopes: [issue, operator]}]}]", "apps[0].api_keys[0].scopes[1]: "},
		{"API key scopes", app + "api_keys: [{name: b, token_file: z}]}]", "apps[0].api_keys[0].scopes: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := load(t, c.text)
			if err == nil || got != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Load(%q) = %v, %v, want %q", c.text, got, err, c.want)
			}
		})
	}
}

// TestAccepted: what looks like the above and is right.
func TestAccepted(t *testing.T) {
	for _, text := range []string{
		"listen: ':8080'\nallow_plain_http: true",
		"listen: 'localhost:0'", "listen: '[::1]:8080'", "listen: '127.1.2.3:8080'",
		"data: ''\nkek: k\nstore: postgresql://x?sslmode=require",
		"store: postgres://u@db.example.org/d?sslmode=disable", "store: postgres://u@db1:5432,db2:5433/d?sslmode=verify-full",
		"store: postgres:///d", "store: postgres://u@localhost:5432/d", "store: postgres://u@[::1]:5432/d?sslmode=prefer",
		"store: postgres:///d?host=/var/run/postgresql",
		"tls: {acme: {domains: [a.example.org], accept_terms: true}}\nlisten: ':443'",
		"apps: [{sdkappid: 1, name: a, key_file: k, max_ttl: 1s}]",
		"apps: [{sdkappid: 1, name: a, sealed_file: s, key_id: i}]\nkek: k",
		"data: ''\napps: [{sdkappid: 1, name: a, key_file: k, api_keys: [{name: b, token_file: t, scopes: [issue]}]}]",
		"trace: {endpoint: 'http://127.0.0.1:4318/v1/traces', ratio: 0}",
		"audit_sync: 0s", "limits: {drain_timeout: 0s}", "limits: {per_source: {per_second: 0, burst: 0}}",
		"limits: {per_key: {per_second: 0}, connections_per_source: 0}",
	} {
		if _, err := load(t, text); err != nil {
			t.Errorf("Load(%q): %v", text, err)
		}
	}
}

func TestEnvironmentRefused(t *testing.T) {
	for _, c := range []struct{ variable, want string }{
		{"USERSIGD_LISEN=x", `environment variable "USERSIGD_LISEN": there is no such key`},
		{"USERSIGD_LOG=x", "there is no such key"},
		{"USERSIGD_=x", "there is no such key"},
		{"USERSIGD_STOREURL=x", "there is no such key"},
		{"USERSIGD_INIT=perhaps", "environment variable USERSIGD_INIT: line 1: init: it is true or false"},
		{"USERSIGD_POLL=", "environment variable USERSIGD_POLL: it is empty: it is a time with its unit, such as 30s"},
		{"USERSIGD_LIMITS_REQUESTS=~", "environment variable USERSIGD_LIMITS_REQUESTS: it is empty: it is a whole number"},
		{"USERSIGD_APPS=[{a: 1}]", `there is no key "a"`},
		{"USERSIGD_POLL=[", "environment variable USERSIGD_POLL: "},
		{"USERSIGD_LISTEN=:80", "listen: "},
	} {
		if got, err := load(t, "", c.variable); err == nil || got != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("with %s: %v, %v, want %q", c.variable, got, err, c.want)
		}
	}
}

// TestMerged: YAML's own way to say something once.
func TestMerged(t *testing.T) {
	c, err := load(t, `apps:
- &first {sdkappid: 1, name: a, key_file: k, max_ttl: 1h}
- {sdkappid: 2, <<: *first, key_file: l}
- {<<: [{name: c}, *first], sdkappid: 3}`)
	if err != nil || c.Apps[1].SDKAppID != 2 || c.Apps[1].Name != "a" || c.Apps[1].KeyFile != "l" || c.Apps[1].MaxTTL != time.Hour || c.Apps[2].Name != "c" || c.Apps[2].KeyFile != "k" {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestValuesAreNotRepeated: what is in the wrong place may be a secret.
func TestValuesAreNotRepeated(t *testing.T) {
	for _, text := range []string{"init: hunter2", "poll: hunter2", "store: [hunter2]", "kek_older: hunter2", "trusted_proxies: [hunter2]", "hunter2"} {
		if _, err := load(t, text); err == nil || strings.Contains(err.Error(), "unmarshal") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Load(%q): %v", text, err)
		}
	}
	_, err := load(t, "", "USERSIGD_INIT=hunter2")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the environment: %v", err)
	}
}

// TestAllProblems: whoever mends a file wants to do it once.
func TestAllProblems(t *testing.T) {
	_, err := load(t, "a: 1\nb: 2\ninit: 3")
	if err == nil || len(strings.Split(err.Error(), "\n")) != 3 {
		t.Errorf("decoding stops early: %v", err)
	}
	for line := range strings.Lines(err.Error()) {
		if !strings.Contains(line, "usersigd.yaml: line ") {
			t.Errorf("%q does not say where it is", line)
		}
	}
	_, err = load(t, "listen: x\nlog: {level: y}\npoll: 1h")
	if err == nil || len(strings.Split(err.Error(), "\n")) != 3 {
		t.Errorf("validating stops early: %v", err)
	}
	if _, err = load(t, "", "USERSIGD_X=1", "USERSIGD_Y=2"); err == nil || len(strings.Split(err.Error(), "\n")) != 2 {
		t.Errorf("the environment stops early: %v", err)
	}
}

func TestStoreFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "store")
	const url = "postgres://usersig:hunter2@db.example.org/usersig?sslmode=verify-full"
	if err := os.WriteFile(file, []byte(url+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load(t, "store_file: "+file)
	if err != nil || c.StoreURL != url {
		t.Fatalf("StoreURL = %q, %v", c.StoreURL, err)
	}
	if got := c.Place(); strings.Contains(got, "hunter2") || !strings.Contains(got, "db.example.org/usersig?sslmode=verify-full") {
		t.Errorf("Place() = %q", got)
	}
	if text, _ := c.YAML(); strings.Contains(string(text), "hunter2") || !strings.Contains(string(text), file) {
		t.Errorf("YAML() = %s", text)
	}
	if err := os.WriteFile(file, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, "store_file: "+file); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("an empty store_file: %v", err)
	}
	for _, mode := range []os.FileMode{0o604, 0o666, 0o620} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := load(t, "store_file: "+file); err == nil || !strings.Contains(err.Error(), "open to others") {
			t.Errorf("a store_file of mode %#o: %v", mode, err)
		}
	}
}

// TestFileOthersWrite: whoever can change the file decides who may sign.
func TestFileOthersWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "usersigd.yaml")
	if err := os.WriteFile(file, []byte("data: x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, good := range map[os.FileMode]bool{0o600: true, 0o644: true, 0o666: false, 0o602: false} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(Source{File: file}); (err == nil) != good || err != nil && !strings.Contains(err.Error(), "can be changed by others") {
			t.Errorf("a file of mode %#o: %v", mode, err)
		}
	}
}

// TestYAMLLeadsToTheSame: what print-config prints can be used.
func TestYAMLLeadsToTheSame(t *testing.T) {
	c, err := load(t, "listen: '127.0.0.1:9'\ntrusted_proxies: [10.0.0.0/8]\npoll: 90ms\ncors: {origins: ['https://a.example.org']}")
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := load(t, string(text))
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := again.YAML(); string(second) != string(text) {
		t.Errorf("YAML() leads to\n%s\nwant\n%s", second, text)
	}
}

// TestPasswordsAreNotShown: not printed, and not repeated in errors.
func TestPasswordsAreNotShown(t *testing.T) {
	for _, store := range []string{
		"postgres://u:hunter2@h/d", "postgres://u@h/d?password=hunter2", "postgresql://u@h/d?sslpassword=hunter2&sslmode=require",
		"postgres://u:hunter2@h:port/d", "mysql://u:hunter2@h/d", "postgres://u:hunter2%zz@h/d", "host=h password=hunter2",
	} {
		c, err := load(t, "store: "+store+"\nkek: kms://u:hunter2@h\nkek_older: ['kms://u:hunter2@h', /etc/kek]\ntrace: {endpoint: 'https://u:hunter2@h'}")
		var shown string
		if err != nil {
			shown = err.Error()
		} else {
			text, _ := c.YAML()
			shown = string(text) + c.Place()
		}
		if strings.Contains(shown, "hunter2") {
			t.Errorf("store %q: the password is in %q", store, shown)
		}
	}
}

func TestFileTooLong(t *testing.T) {
	if _, err := load(t, strings.Repeat("#\n", maxFile)); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a file of 2 MiB: %v", err)
	}
	if _, err := Load(Source{File: filepath.Join(t.TempDir(), "nosuch")}); err == nil {
		t.Error("a file that is not there is no error")
	}
}

// TestStatelessKEK: a data folder may or may not have a KEK file.
func TestStatelessKEK(t *testing.T) {
	dir := t.TempDir()
	c := &Config{Data: dir, Apps: make([]App, 1)}
	if got := c.KEKPath(); got != "" {
		t.Errorf("KEKPath() = %q without a file", got)
	}
	if err := os.WriteFile(c.DataFile("kek"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := c.KEKPath(); got != filepath.Join(dir, "kek") {
		t.Errorf("KEKPath() = %q", got)
	}
	if got := (&Config{KEK: "k", Data: dir}).KEKPath(); got != "k" {
		t.Errorf("KEKPath() = %q", got)
	}
}

func TestDifferences(t *testing.T) {
	a, b := Default(), Default()
	if got := a.Differences(b); len(got) != 0 {
		t.Errorf("Differences of the same: %v", got)
	}
	b.Log.Level, b.Apps, b.Limits.PerKey.Burst, b.StoreURL = "debug", make([]App, 1), 7, "x"
	if got, want := a.Differences(b), []string{"apps", "limits.per_key.burst", "log.level"}; !slices.Equal(got, want) {
		t.Errorf("Differences = %v, want %v", got, want)
	}
}

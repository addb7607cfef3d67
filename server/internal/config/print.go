package config

import (
	_ "embed"
	"net/url"

	"go.yaml.in/yaml/v3"
)

// DefaultFile is a configuration file that has every key with its default, and what it
// means in a comment.
//
//go:embed default.yaml
var DefaultFile []byte

// YAML returns the configuration as a file that leads to the same, but for passwords.
func (c *Config) YAML() ([]byte, error) {
	shown := *c
	shown.Store = redacted(c.Store)
	shown.KEK = redacted(c.KEK)
	shown.KEKOlder = nil
	for _, uri := range c.KEKOlder {
		shown.KEKOlder = append(shown.KEKOlder, redacted(uri))
	}
	shown.Trace.Endpoint = redacted(c.Trace.Endpoint)
	return yaml.Marshal(&shown)
}

// Place returns where the store is, without passwords.
func (c *Config) Place() string { return redacted(c.StoreURL) }

const hidden = "xxxxx"

// redacted returns a URL or a path without passwords. They can be in two places, and
// other queries are kept because they decide how safe a connection is.
func redacted(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return hidden
	}
	q, changed := u.Query(), false
	for name := range q {
		switch name {
		case "sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "user", "dbname", "application_name",
			"connect_timeout", "target_session_attrs", "search_path":
		default:
			q.Set(name, hidden)
			changed = true
		}
	}
	if changed {
		u.RawQuery = q.Encode()
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), hidden)
	}
	return u.String()
}

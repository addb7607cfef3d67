package issuer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"usersig/server/internal/access"
)

// NewAPIKey is a wish for a credential.
type NewAPIKey struct {
	Name      string
	Scopes    []access.Scope
	Networks  []netip.Prefix
	ExpiresAt *time.Time
	// IdempotencyKey, if not empty, makes a repetition of the request within a day
	// return the credential that the first one made, without its text.
	IdempotencyKey string
}

// keyPrefix marks the text of an API key, so that scanners of source code find it.
const keyPrefix = "usk_"

// CreateAPIKey makes a credential for an application's back end, or for an operator
// if app is [Platform]. The text is returned once and not kept: what is stored is a
// hash, which is enough because the secret is random and long.
//
// For a repetition of an earlier request the text is empty: it was returned then.
func (s *Service) CreateAPIKey(ctx context.Context, c access.Caller, app uint32, n NewAPIKey) (APIKey, string, error) {
	text, id, hash := newSecret()
	made := APIKey{ID: id, Name: n.Name, Hash: hash, Scopes: n.Scopes, Networks: n.Networks, CreatedAt: s.clock().UTC(), CreatedBy: c.ID}
	if n.ExpiresAt != nil {
		made.ExpiresAt = new(n.ExpiresAt.UTC())
	}
	var out APIKey
	e := s.entry(c, access.CreateAPIKey, app, n.Name)
	err := s.do(ctx, c, e, func(tx Tx) error {
		once := s.once(tx, e.Action, c, n.IdempotencyKey, n.text(app))
		before, err := once.before()
		if err != nil {
			return err
		}
		return s.withRecord(tx, app, func(r *Record) error {
			if before != "" {
				e.Subject, e.Detail = before, replayed
				out, err = r.apiKeyBefore(before)
				return err
			}
			if err := n.check(app, s.clock()); err != nil {
				return err
			}
			if err := r.addAPIKey(made); err != nil {
				return err
			}
			e.Subject, e.Detail, out = made.ID, n.detail(), made
			return once.makes(made.ID)
		})
	})
	switch {
	case err != nil:
		return APIKey{}, "", err
	case out.ID != made.ID:
		return out, "", nil
	}
	return out, text, nil
}

// newSecret returns the text of a new credential, and what is kept of it.
func newSecret() (text, id string, hash []byte) {
	var name [8]byte
	var secret [32]byte
	_, _ = rand.Read(name[:]) // crypto/rand never fails
	_, _ = rand.Read(secret[:])
	sum := sha256.Sum256(secret[:])
	id = hex.EncodeToString(name[:])
	return keyPrefix + id + "_" + base64.RawURLEncoding.EncodeToString(secret[:]), id, sum[:]
}

// text tells one wish from another.
func (n *NewAPIKey) text(app uint32) string {
	return fmt.Sprintf("%d %q %v %v %v", app, n.Name, n.Scopes, n.Networks, n.ExpiresAt)
}

// detail says in the log what the credential is good for, and from where.
func (n *NewAPIKey) detail() string {
	// None of them has a space or a bracket in it.
	list := func(all any) string { return strings.ReplaceAll(strings.Trim(fmt.Sprint(all), "[]"), " ", ", ") }
	networks := "anywhere"
	if len(n.Networks) > 0 {
		networks = list(n.Networks)
	}
	detail := fmt.Sprintf("%q: %s; from %s", n.Name, list(n.Scopes), networks)
	if n.ExpiresAt != nil {
		detail += "; until " + n.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return detail
}

func (r *Record) addAPIKey(k APIKey) error {
	live := 0
	for _, k := range r.APIKeys {
		if k.DeletedAt == nil {
			live++
		}
	}
	if live >= mostAPIKeys {
		return fmt.Errorf("%w: there are %d API keys; delete one that is not used any more", ErrConflict, mostAPIKeys)
	}
	r.APIKeys = append(r.APIKeys, k)
	return nil
}

// apiKeyBefore returns the credential that an earlier request made.
func (r *Record) apiKeyBefore(id string) (APIKey, error) {
	i := slices.IndexFunc(r.APIKeys, func(k APIKey) bool { return k.ID == id && k.DeletedAt == nil })
	if i < 0 {
		return APIKey{}, fmt.Errorf("%w: the API key that this request made was deleted", ErrConflict)
	}
	return r.APIKeys[i], errSame
}

func (n *NewAPIKey) check(app uint32, now time.Time) error {
	if err := checkName(n.Name); err != nil {
		return err
	}
	if n.ExpiresAt != nil && (!n.ExpiresAt.After(now) || tooLate(*n.ExpiresAt)) {
		return invalid("an API key expires in the future, and not after the year 9999")
	}
	if len(n.Scopes) == 0 || len(n.Networks) > 32 {
		return invalid("an API key has a scope, and 32 networks at most")
	}
	allowed := access.Scopes()
	if app == Platform {
		allowed = []access.Scope{access.ScopeOperator}
	}
	for _, scope := range n.Scopes {
		if !slices.Contains(allowed, scope) {
			return invalid("scope %.16q is none of %v", scope, allowed)
		}
	}
	return nil
}

// APIKeys returns the credentials of an application, without their hashes.
func (s *Service) APIKeys(ctx context.Context, c access.Caller, app uint32) ([]APIKey, error) {
	if err := s.read(ctx, c, access.ReadAPIKey, app); err != nil {
		return nil, err
	}
	m := s.ring.Load().apps[app]
	if m == nil || m.record.App.State == Deleted {
		return nil, ErrNotFound
	}
	keys := slices.DeleteFunc(slices.Clone(m.record.APIKeys), func(k APIKey) bool { return k.DeletedAt != nil })
	for i := range keys {
		keys[i].Hash = nil
	}
	return keys, nil
}

// DeleteAPIKey ends a credential. The last operator's stays: without it nobody can change
// anything any more but who has the machine.
func (s *Service) DeleteAPIKey(ctx context.Context, c access.Caller, app uint32, id string) error {
	return s.do(ctx, c, s.entry(c, access.DeleteAPIKey, app, id), func(tx Tx) error {
		return s.withRecord(tx, app, func(r *Record) error {
			i := slices.IndexFunc(r.APIKeys, func(k APIKey) bool { return k.ID == id && k.DeletedAt == nil })
			if i < 0 {
				return fmt.Errorf("API key %.32q: %w", id, ErrNotFound)
			}
			now := s.clock().UTC()
			if app == Platform && r.lastOperator(i, now) {
				return fmt.Errorf("%w: this is the last operator's credential; make another one first", ErrConflict)
			}
			r.APIKeys[i].DeletedAt, r.APIKeys[i].Hash = &now, nil
			return nil
		})
	})
}

// lastOperator reports whether the credential with index i is the only one in force.
func (r *Record) lastOperator(i int, now time.Time) bool {
	inForce := func(k APIKey) bool {
		return k.DeletedAt == nil && (k.ExpiresAt == nil || now.Before(*k.ExpiresAt))
	}
	n := 0
	for _, k := range r.APIKeys {
		if inForce(k) {
			n++
		}
	}
	return n == 1 && inForce(r.APIKeys[i])
}

// strictBase64 takes one spelling of every key.
var strictBase64 = base64.RawURLEncoding.Strict()

// Authenticate returns who holds the text of an API key. It reports false without a
// reason: a caller who is not known is told nothing.
func (s *Service) Authenticate(text string, source netip.Addr) (access.Caller, bool) {
	rest, ok := strings.CutPrefix(text, keyPrefix)
	id, encoded, ok2 := strings.Cut(rest, "_")
	secret, err := strictBase64.DecodeString(encoded)
	if !ok || !ok2 || err != nil || s.fresh() != nil {
		return access.Caller{}, false
	}
	known := s.ring.Load().apiKeys[id]
	sum := sha256.Sum256(secret)
	// Compared in constant time and also for an unknown ID, whose hash is empty.
	if subtle.ConstantTimeCompare(sum[:], known.key.Hash) != 1 {
		return access.Caller{}, false
	}
	k := known.key
	if k.ExpiresAt != nil && !s.clock().Before(*k.ExpiresAt) || !allowedFrom(k.Networks, source) {
		return access.Caller{}, false
	}
	return access.Caller{ID: known.caller, App: known.app, Scopes: k.Scopes, Source: source}, true
}

func allowedFrom(networks []netip.Prefix, source netip.Addr) bool {
	return len(networks) == 0 || slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(source.Unmap()) })
}

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
	var id [8]byte
	var secret [32]byte
	_, _ = rand.Read(id[:]) // crypto/rand never fails
	_, _ = rand.Read(secret[:])
	k := APIKey{ID: hex.EncodeToString(id[:]), Name: n.Name, Scopes: n.Scopes, Networks: n.Networks, CreatedAt: s.clock().UTC(), CreatedBy: c.ID, ExpiresAt: n.ExpiresAt}
	sum := sha256.Sum256(secret[:])
	k.Hash = sum[:]
	out := k
	err := s.do(ctx, c, s.entry(c, access.CreateAPIKey, app, k.ID), func(tx Tx) error {
		if err := n.check(app, s.clock()); err != nil {
			return err
		}
		return s.withRecord(tx, app, func(r *Record) error {
			before, err := n.once(tx, c, app, k.ID, s.clock())
			if err != nil {
				return err
			}
			if out = k; before == "" {
				r.APIKeys = append(r.APIKeys, k)
				return nil
			}
			i := slices.IndexFunc(r.APIKeys, func(k APIKey) bool { return k.ID == before && k.DeletedAt == nil })
			if i < 0 {
				return fmt.Errorf("%w: the API key that this request made was deleted", ErrConflict)
			}
			out = r.APIKeys[i]
			return nil
		})
	})
	if err != nil {
		return APIKey{}, "", err
	}
	if out.ID != k.ID {
		return out, "", nil
	}
	return k, keyPrefix + k.ID + "_" + base64.RawURLEncoding.EncodeToString(secret[:]), nil
}

// once returns the ID that an earlier request with the same idempotency key made, or
// remembers that this one makes id.
func (n *NewAPIKey) once(tx Tx, c access.Caller, app uint32, id string, now time.Time) (string, error) {
	if n.IdempotencyKey == "" {
		return "", nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %q %v %v %v", app, n.Name, n.Scopes, n.Networks, n.ExpiresAt))
	digest := hex.EncodeToString(sum[:])
	before, err := tx.Once(onceKey(access.CreateAPIKey, c, n.IdempotencyKey), id+" "+digest, now.UTC(), now.UTC().Add(onceFor))
	if err != nil || before == "" {
		return "", err
	}
	made, of, _ := strings.Cut(before, " ")
	if of != digest {
		return "", errOtherRequest
	}
	return made, nil
}

func (n *NewAPIKey) check(app uint32, now time.Time) error {
	if err := checkName(n.Name); err != nil {
		return err
	}
	if n.ExpiresAt != nil && !n.ExpiresAt.After(now) {
		return invalid("an API key expires in the future")
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

// DeleteAPIKey ends a credential.
func (s *Service) DeleteAPIKey(ctx context.Context, c access.Caller, app uint32, id string) error {
	return s.do(ctx, c, s.entry(c, access.DeleteAPIKey, app, id), func(tx Tx) error {
		return s.withRecord(tx, app, func(r *Record) error {
			i := slices.IndexFunc(r.APIKeys, func(k APIKey) bool { return k.ID == id && k.DeletedAt == nil })
			if i < 0 {
				return fmt.Errorf("API key %.32q: %w", id, ErrNotFound)
			}
			now := s.clock().UTC()
			r.APIKeys[i].DeletedAt, r.APIKeys[i].Hash = &now, nil
			return nil
		})
	})
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

package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"usersig/server/internal/access"
	"usersig/server/internal/custody"
)

// Init puts the record that holds the operators' API keys into a store that is new. It
// changes nothing if the record is there.
func (s *Service) Init(ctx context.Context, c access.Caller) error {
	if s.Initialised() {
		// Perhaps by another node a moment ago, with another KEK.
		return s.checkKEK(ctx)
	}
	check, err := custody.SealCheck(ctx, s.kek)
	if err != nil {
		return err
	}
	e := s.entry(c, access.CreateApp, Platform, "platform")
	err = s.do(ctx, c, e, func(tx Tx) error {
		_, err := tx.App(Platform)
		if err == nil {
			// Another node was faster.
			return nil
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		now := s.clock().UTC()
		return tx.PutApp(&Record{App: App{ID: Platform, Name: "platform", State: Running, CreatedAt: now, UpdatedAt: now}, KEKCheck: check})
	})
	if err != nil {
		return err
	}
	return s.checkKEK(ctx)
}

// Initialised reports whether [Service.Init] was called on the store, now or before.
func (s *Service) Initialised() bool { return s.ring.Load().apps[Platform] != nil }

// Complete fills in defaults and refuses settings that contradict each other, as
// [Service.CreateApp] does. It is for applications that are declared elsewhere.
func (t *Settings) Complete() error { return t.complete() }

// DeclareAPIKey returns a new credential for an application that is declared and not
// stored: its text, and what is written down instead of it.
func DeclareAPIKey() (text, id string, hash []byte) { return newSecret() }

// ParseAPIKey returns the ID and the hash of a credential's text. The error does not
// repeat it.
func ParseAPIKey(text string) (id string, hash []byte, err error) {
	rest, ok := strings.CutPrefix(text, keyPrefix)
	id, encoded, ok2 := strings.Cut(rest, "_")
	secret, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if !ok || !ok2 || id == "" || err != nil || len(secret) != 32 {
		return "", nil, fmt.Errorf("%w: this is not an API key: one begins with %s", ErrInvalid, keyPrefix)
	}
	sum := sha256.Sum256(secret)
	return id, sum[:], nil
}

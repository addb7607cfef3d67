package usersig_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"usersig"
)

// TestConcurrency uses one Signer and one Verifier from many goroutines, each with
// users of its own: what they share must not mix.
func TestConcurrency(t *testing.T) {
	v := verifierOf(t, &usersig.VerifierOptions{Revoked: func(_ context.Context, who usersig.Verified) error {
		if who.UserID() == "revoked" {
			return usersig.ErrRevoked
		}
		return nil
	}})
	for name, key := range map[string]usersig.SigningKey{
		"P-256": privateOf(t, keyP256), "secp256k1": privateOf(t, keyK256), "secret": secretOf(t, testSecret),
	} {
		t.Run(name, func(t *testing.T) {
			stored, deflated := signerOf(t, key, false), signerOf(t, key, true)
			var wg sync.WaitGroup
			for n := range 8 {
				wg.Go(func() {
					r := seeded(uint64(n))
					for i := range 40 {
						s := stored
						if i%4 == 0 {
							s = deflated
						}
						c := anyClaims(r, allPurposes[i%3])
						c.IssuedAt, c.TTL = time.Time{}, testTTL*time.Second
						token, err := s.Sign(c)
						if err != nil {
							t.Error(err)
							return
						}
						who, err := askFor(t, v, token, &c)
						if err != nil || who.UserID() != c.UserID || c.UserBuf != nil && string(who.UserBuf()) != string(c.UserBuf) {
							t.Errorf("%q: verified %v, %v", c.UserID, who.LogValue(), err)
						}
						if _, err := v.Verify(t.Context(), token[:len(token)-4], c.UserID); err == nil {
							t.Error("a cut token verifies")
						}
						if said, err := usersig.Inspect(token); err != nil || said.UserID != c.UserID {
							t.Errorf("%q: inspection %v, %v", c.UserID, said, err)
						}
					}
					token, err := stored.Sign(usersig.Claims{UserID: "revoked", TTL: time.Hour * 2})
					if err != nil {
						t.Error(err)
					}
					if _, err := v.Verify(t.Context(), token, "revoked"); !errors.Is(err, usersig.ErrRevoked) {
						t.Errorf("%v, want revoked", err)
					}
				})
			}
			wg.Wait()
		})
	}
}

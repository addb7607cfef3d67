//go:build !race

// The race detector allocates, and empties pools at random. make test runs these
// tests by themselves, without it.

package usersig

import (
	"context"
	"testing"
	"time"
)

func allocating(t *testing.T, want float64, f func()) {
	t.Helper()
	if got := testing.AllocsPerRun(1000, f); got != want {
		t.Errorf("%v allocations, want %v", got, want)
	}
}

func TestAllocations(t *testing.T) {
	secret, err := ParseSecret([]byte("5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"))
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return time.Unix(1795426000, 0) }
	stored, err := NewSigner(1400000000, secret, &SignerOptions{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	deflated, err := NewSigner(1400000000, secret, &SignerOptions{Clock: clock, Compress: true})
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(1400000000, []VerifyingKey{secret}, &VerifierOptions{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	room := Room{ID: 1001}
	plain := Claims{UserID: "alice", TTL: time.Hour}
	ticket := Claims{UserID: "alice", TTL: time.Hour, Grant: &Grant{Room: room, Allow: Audience}}
	buf := Claims{UserID: "alice", TTL: time.Hour, UserBuf: []byte("hello")}
	dst := make([]byte, 0, MaxUserBuf)
	for name, c := range map[string]Claims{"plain": plain, "PrivateMapKey": ticket, "user buffer": buf} {
		t.Run("AppendSign/"+name, func(t *testing.T) {
			allocating(t, 0, func() { dst, err = stored.AppendSign(dst[:0], c) })
			allocating(t, 0, func() { dst, err = deflated.AppendSign(dst[:0], c) })
		})
	}
	for name, s := range map[string]*Signer{"stored": stored, "deflated": deflated} {
		token, err := s.Sign(plain)
		if err != nil {
			t.Fatal(err)
		}
		t.Run("Verify/"+name, func(t *testing.T) {
			allocating(t, 0, func() {
				if _, err := v.Verify(context.Background(), token, "alice"); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

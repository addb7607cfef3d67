package usersig_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"usersig"
)

// seeded returns a source that repeats, so that a failure does too.
func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, 20261123)) }

// anyUser returns a user ID that may be signed.
func anyUser(r *rand.Rand) string {
	ranges := [...][2]int{{0x20, 0x7e}, {0xa0, 0x7ff}, {0x4e00, 0x9fff}, {0x1f600, 0x1f64f}, {0x61, 0x7a}}
	most := 1 + r.IntN(usersig.MaxUserID)
	var b strings.Builder
	for {
		span := ranges[r.IntN(len(ranges))]
		c := string(rune(span[0] + r.IntN(span[1]-span[0]+1)))
		if b.Len()+len(c) > most {
			if b.Len() == 0 {
				return "u"
			}
			return b.String()
		}
		b.WriteString(c)
	}
}

// anyClaims returns claims for a token of the given purpose.
func anyClaims(r *rand.Rand, p usersig.Purpose) usersig.Claims {
	c := usersig.Claims{
		UserID:   anyUser(r),
		TTL:      time.Duration(1+r.Int64N(180*86400)) * time.Second,
		IssuedAt: time.Unix(r.Int64N(4_000_000_000), 0),
	}
	switch p {
	case usersig.UserBuf:
		c.UserBuf = make([]byte, r.IntN(64))
		for i := range c.UserBuf {
			c.UserBuf[i] = byte(r.Uint32())
		}
	case usersig.PrivateMapKey:
		c.Grant = &usersig.Grant{Room: usersig.Room{ID: 1 + r.Uint32N(1<<32-2)}, Allow: usersig.Privilege(r.IntN(256))}
		if r.IntN(2) == 0 {
			c.Grant.Room = usersig.Room{Name: anyUser(r)}
		}
	case usersig.UserSig:
	}
	return c
}

// askFor calls the verifying function of a purpose.
func askFor(t testing.TB, v *usersig.Verifier, token string, c *usersig.Claims) (usersig.Verified, error) {
	switch {
	case c.Grant != nil:
		return v.VerifyPrivateMapKey(t.Context(), token, c.UserID, c.Grant.Room)
	case c.UserBuf != nil:
		return v.VerifyUserBuf(t.Context(), token, c.UserID)
	}
	return v.Verify(t.Context(), token, c.UserID)
}

var allPurposes = []usersig.Purpose{usersig.UserSig, usersig.PrivateMapKey, usersig.UserBuf}

// TestSignThenVerify: whatever is signed verifies as what it was signed for, and
// says what it was told to.
func TestSignThenVerify(t *testing.T) {
	r := seeded(1)
	for name, key := range map[string]usersig.SigningKey{
		"P-256": privateOf(t, keyP256), "secp256k1": privateOf(t, keyK256), "secret": secretOf(t, testSecret),
	} {
		for _, compress := range []bool{false, true} {
			signer := signerOf(t, key, compress)
			for _, p := range allPurposes {
				t.Run(fmt.Sprintf("%s/compress=%t/%v", name, compress, p), func(t *testing.T) {
					for range 40 {
						c := anyClaims(r, p)
						checkSigned(t, signer, c, signed(t, signer, c), compress)
					}
				})
			}
		}
	}
}

func checkSigned(t *testing.T, s *usersig.Signer, c usersig.Claims, token string, compress bool) {
	t.Helper()
	v := verifierOf(t, &usersig.VerifierOptions{Clock: func() time.Time { return c.IssuedAt }})
	who, err := askFor(t, v, token, &c)
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	end := c.IssuedAt.Add(c.TTL)
	if who.UserID() != c.UserID || who.AppID() != testApp || who.KeyID() != s.KeyID() || who.Scheme() != s.Scheme() ||
		!who.IssuedAt().Equal(c.IssuedAt) || !who.ExpiresAt().Equal(end) {
		t.Errorf("verified %v, want %+v", who.LogValue(), c)
	}
	said, err := usersig.Inspect(token)
	if err != nil || said.Compressed != compress || said.UserID != c.UserID || said.TTL != c.TTL || !said.ExpiresAt.Equal(end) ||
		said.Purpose != who.Purpose() || said.Scheme != s.Scheme() || said.AppID != testApp || !bytes.Equal(said.UserBuf, who.UserBuf()) {
		t.Errorf("inspection %+v, %v, want %+v", said, err, c)
	}
	grant, err := who.Grant()
	switch {
	case c.Grant == nil && usersig.Code(err) != usersig.ErrNoGrant.Code():
		t.Errorf("grant %v, %v", grant, err)
	case c.Grant != nil && (err != nil || grant != *c.Grant || *said.Grant != grant):
		t.Errorf("grant %v, %v, want %v", grant, err, *c.Grant)
	case c.UserBuf != nil && (!bytes.Equal(who.UserBuf(), c.UserBuf) || who.UserBuf() == nil):
		t.Errorf("user buffer %x, want %x", who.UserBuf(), c.UserBuf)
	}
}

// TestAppendSign: Sign and AppendSign agree, and what was there stays.
func TestAppendSign(t *testing.T) {
	r := seeded(2)
	for _, compress := range []bool{false, true} {
		secret := signerOf(t, secretOf(t, testSecret), compress)
		for range 100 {
			c := anyClaims(r, allPurposes[r.IntN(3)])
			want := signed(t, secret, c)
			for _, dst := range [][]byte{nil, []byte("token="), make([]byte, 3, 4096)} {
				got, err := secret.AppendSign(dst, c)
				if err != nil || string(got) != string(dst)+want {
					t.Fatalf("AppendSign(%q) = %q, %v, want %q after it", dst, got, err, want)
				}
			}
		}
		if got, err := secret.AppendSign([]byte("x"), usersig.Claims{}); got != nil || err == nil {
			t.Errorf("AppendSign of nothing = %q, %v", got, err)
		}
		private := signerOf(t, privateOf(t, keyP256), compress)
		got, err := private.AppendSign([]byte("x"), usersig.Claims{UserID: "alice", TTL: testTTL * time.Second})
		if err != nil || got[0] != 'x' {
			t.Fatalf("%q, %v", got, err)
		}
		wantAlice(t, verifierOf(t, nil), string(got[1:]))
	}
}

// meaning is what a token says, as one value to compare.
func meaning(i *usersig.Inspection) string {
	return fmt.Sprintf("%v %v %d %q %d %d %x %t", i.Scheme, i.Purpose, i.AppID, i.UserID, i.IssuedAt.Unix(), i.ExpiresAt.Unix(), i.UserBuf, i.UserBuf == nil)
}

// checkMutant fails if mutant verifies and is not another spelling of good. It
// returns the code of the answer, 0 for yes.
func checkMutant(t *testing.T, v *usersig.Verifier, good, mutant string) int {
	t.Helper()
	who, err := v.Authenticate(t.Context(), mutant)
	if err != nil {
		if who.IsValid() {
			t.Fatalf("a refusal came with %v", who.LogValue())
		}
		return usersig.Code(err)
	}
	a, errA := usersig.Inspect(good)
	b, errB := usersig.Inspect(mutant)
	if errA != nil || errB != nil || meaning(a) != meaning(b) {
		t.Fatalf("a changed token verifies:\n%s\n%s\n%+v, %v\n%+v, %v", good, mutant, a, errA, b, errB)
	}
	return 0
}

// TestFlippedBytes writes every byte of a token, one after the other, as each other.
func TestFlippedBytes(t *testing.T) {
	v := verifierOf(t, nil, secretOf(t, testSecret))
	for _, compress := range []bool{false, true} {
		good := signed(t, signerOf(t, secretOf(t, testSecret), compress), usersig.Claims{UserID: "alice"})
		wantAlice(t, v, good)
		respellings := 0
		mutant := []byte(good)
		for i := range mutant {
			for c := range 256 {
				if mutant[i] = byte(c); string(mutant) != good && checkMutant(t, v, good, string(mutant)) == 0 {
					respellings++
				}
			}
			mutant[i] = good[i]
		}
		// The header's and a stored block's idle bits can be written in other ways,
		// and nothing else.
		if respellings > 200 {
			t.Errorf("compress=%t: %d respellings", compress, respellings)
		}
	}
}

// TestFlippedClaims flips every bit of the JSON inside, with the checksum put right.
func TestFlippedClaims(t *testing.T) {
	v := verifierOf(t, nil)
	for _, f := range forgers {
		plain, buffered := f.make(), f.make().userBuf([]byte("some bytes"))
		flipEachBit(plain.text(), func(good, mutant string) { checkMutant(t, v, good, mutant) })
		if f.name == "v1 secp256k1" {
			continue // its field with bytes is read by the same code, only slower
		}
		flipEachBit(buffered.text(), func(_, mutant string) {
			if who, err := v.VerifyUserBuf(t.Context(), mutant, "alice"); err == nil && string(who.UserBuf()) != "some bytes" {
				t.Fatalf("another user buffer: %q", who.UserBuf())
			}
		})
	}
}

// flipEachBit calls f with the token of text and with that of each text that
// differs in one bit.
func flipEachBit(text string, f func(good, mutant string)) {
	good, changed := outer(storedIn([]byte(text), 1<<15)), []byte(text)
	for i := range changed {
		for bit := range 8 {
			changed[i] ^= 1 << bit
			f(good, outer(storedIn(changed, 1<<15)))
			changed[i] ^= 1 << bit
		}
	}
}

// mutate changes raw in a few random ways.
func mutate(r *rand.Rand, raw []byte, other []byte) []byte {
	out := bytes.Clone(raw)
	for range 1 + r.IntN(3) {
		if len(out) == 0 {
			return out
		}
		i := r.IntN(len(out))
		j := i + r.IntN(min(len(out)-i, 12)+1)
		switch r.IntN(8) {
		case 0:
			out[i] ^= 1 << r.IntN(8)
		case 1:
			out[i] = byte(r.Uint32())
		case 2:
			out = append(out[:i], out[j:]...)
		case 3:
			out = append(out[:j:j], out[i:]...) // repeat
		case 4:
			out = append(out[:i:i], append([]byte{byte(r.Uint32())}, out[i:]...)...)
		case 5:
			k := r.IntN(len(other))
			copy(out[i:j], other[k:])
		case 6:
			out[i], out[len(out)-1] = out[len(out)-1], out[i]
		case 7:
			out = out[:i]
		}
	}
	return out
}

// TestRandomMutations changes good tokens in 10,000 random ways a scheme: as text,
// as a zlib stream, and as JSON, where the change gets past the outer layers.
func TestRandomMutations(t *testing.T) {
	for n, f := range forgers {
		t.Run(f.name, func(t *testing.T) {
			r := seeded(uint64(100 + n))
			v := verifierOf(t, nil)
			forged, others := f.make(), f.make().user("mallory").times(testTime+1, 999999)
			if f.name == "v1 secp256k1" {
				// Two signatures made before: this signer's differ each time.
				forged.rawSig = `"MEUCIQCcrNhsWn/kROmMejndRohRs55CYv5em24clXF2Si+oXQIgOUOFA1cE6QkilfdD6bcf7xxtkV0P+XKa1FPY0AaBNt8="`
				others.rawSig = `"MEQCIGsjfVmaiNuetMxP4+D7ygRT3EITdj7Pu+jmTappTGIKAiAGnu5jwK2SiQpCinFau47qPH5AcjEfZcWxZivLDYa73w=="`
			}
			good, other := forged.token(), others.token()
			wantAlice(t, v, good)
			layers := []struct {
				good, other []byte
				wrap        func([]byte) string
			}{
				{[]byte(good), []byte(other), func(b []byte) string { return string(b) }},
				{unwrapOuter(t, good), unwrapOuter(t, other), outer},
				{unwrapped(t, good), unwrapped(t, other), wrapped},
			}
			reached := map[int]int{}
			for range 10_000 {
				layer := layers[r.IntN(len(layers))]
				mutant := layer.wrap(mutate(r, layer.good, layer.other))
				reached[checkMutant(t, v, good, mutant)]++
			}
			// The property says nothing if no mutant gets as far as the signature.
			if reached[70009] < 100 {
				t.Errorf("the mutants ended with %v", reached)
			}
		})
	}
}

// TestUsersNeverCross: a token serves its user and no other.
func TestUsersNeverCross(t *testing.T) {
	r := seeded(3)
	v := verifierOf(t, nil)
	for _, key := range []usersig.SigningKey{privateOf(t, keyP256), secretOf(t, testSecret)} {
		s := signerOf(t, key, false)
		users := []string{"alice", "Alice", "alice ", " alice", "alicé", "alice\u0301", "ALICE", "alic", "alicee", "аlice"}
		for range 6 {
			users = append(users, anyUser(r))
		}
		for _, p := range allPurposes {
			for _, mine := range users {
				c := anyClaims(r, p)
				c.UserID, c.IssuedAt, c.TTL = mine, time.Time{}, testTTL*time.Second
				token := signed(t, s, c)
				for _, theirs := range users {
					asked := c
					asked.UserID = theirs
					who, err := askFor(t, v, token, &asked)
					if mine == theirs {
						if err != nil || who.UserID() != mine {
							t.Errorf("%q: %v", mine, err)
						}
						continue
					}
					wantRefusal(t, who, err, usersig.ErrUserMismatch, "")
				}
			}
		}
	}
}

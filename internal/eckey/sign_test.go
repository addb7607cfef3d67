package eckey

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"math/big"
	"testing"
)

type rs struct{ R, S *big.Int }

func TestSignVerify(t *testing.T) {
	for c := range fileNames {
		key := mustPrivate(t, fixture(t, c, "sec1"))
		digest := sha256.Sum256([]byte("TLS.identifier:alice\n"))
		sig, err := key.Sign(digest[:])
		if err != nil {
			t.Fatal(err)
		}
		if !key.Public().Verify(digest[:], sig) {
			t.Fatalf("%v: Verify refuses what Sign made", c)
		}
		for i := range digest {
			bad := digest
			bad[i] ^= 0x10
			if key.Public().Verify(bad[:], sig) {
				t.Errorf("%v: accepted with byte %d of the digest changed", c, i)
			}
		}
		for other := range fileNames {
			if other != c && mustPublic(t, fixture(t, other, "public")).Verify(digest[:], sig) {
				t.Errorf("a signature on %v verifies on %v", c, other)
			}
		}
		again, err := key.Sign(digest[:])
		if err != nil || bytes.Equal(again, sig) {
			t.Errorf("%v: the nonce repeats (%v)", c, err)
		}
	}
}

func TestDigestLength(t *testing.T) {
	for c := range fileNames {
		key := mustPrivate(t, fixture(t, c, "sec1"))
		long := sha512.Sum512([]byte("long"))
		sig, err := key.Sign(long[:])
		if err != nil || !key.Public().Verify(long[:], sig) {
			t.Errorf("%v: a digest of 64 bytes: %v", c, err)
		}
		for _, n := range []int{0, 1, 31} {
			if sig, err := key.Sign(long[:n]); err == nil || sig != nil {
				t.Errorf("%v: signed %d bytes", c, n)
			}
			// A signature that somebody else made of it.
			sig := signAnything(t, key, long[:n])
			if key.Public().Verify(long[:n], sig) {
				t.Errorf("%v: verified %d bytes", c, n)
			}
		}
	}
}

// signAnything signs as the libraries underneath do, without our checks.
func signAnything(t *testing.T, key *Private, digest []byte) []byte {
	t.Helper()
	if key.Curve() == Secp256k1 { // this one refuses; zeros in front mean the same number
		digest = append(make([]byte, minDigest-len(digest)), digest...)
	}
	sig, err := key.signer.Sign(rand.Reader, digest, crypto.Hash(0))
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// TestStrictDER respells a good signature in every way that some parser takes.
func TestStrictDER(t *testing.T) {
	for c := range fileNames {
		key := mustPrivate(t, fixture(t, c, "sec1"))
		digest := sha256.Sum256([]byte("strict"))
		sig, err := key.Sign(digest[:])
		if err != nil {
			t.Fatal(err)
		}
		var v rs
		if rest, err := asn1.Unmarshal(sig, &v); err != nil || len(rest) != 0 {
			t.Fatal(err, rest)
		}
		n := new(big.Int).SetBytes(order(c))
		twin := encode(rs{v.R, new(big.Int).Sub(n, v.S)})
		if !key.Public().Verify(digest[:], twin) {
			t.Errorf("%v: the twin n-s is refused", c)
		}
		for name, bad := range respellings(v, n, sig) {
			if key.Public().Verify(digest[:], bad) {
				t.Errorf("%v: %s: accepted", c, name)
			}
		}
	}
}

func respellings(v rs, n *big.Int, sig []byte) map[string][]byte {
	r, s := integer(v.R), integer(v.S)
	padded := func(b []byte) []byte { return append([]byte{2, b[1] + 1, 0}, b[2:]...) }
	zero, minus := integer(new(big.Int)), func(x *big.Int) *big.Int { return new(big.Int).Neg(x) }
	longHead := func(b []byte) []byte { return append([]byte{2, 0x81, b[1]}, b[2:]...) }
	body := append(append([]byte{}, r...), s...)
	tagged := append([]byte{}, sig...)
	tagged[0] = 0x31
	octets := append([]byte{}, sequence(r, s)...)
	octets[len(octets)-len(s)] = 4
	return map[string][]byte{
		"empty":              nil,
		"only a header":      {0x30, 0},
		"cut":                sig[:len(sig)-1],
		"byte behind":        append(sig[:len(sig):len(sig)], 0),
		"element behind":     sequence(r, s, []byte{5, 0}),
		"s missing":          sequence(r),
		"r padded":           sequence(padded(r), s),
		"s padded":           sequence(r, padded(s)),
		"long length of r":   sequence(longHead(r), s),
		"long length of s":   sequence(r, longHead(s)),
		"long length":        append([]byte{0x30, 0x82, 0, byte(len(body))}, body...),
		"indefinite length":  append(append([]byte{0x30, 0x80}, body...), 0, 0),
		"SET":                tagged,
		"s as octets":        octets,
		"r negative":         encode(rs{minus(v.R), v.S}),
		"s negative":         encode(rs{v.R, minus(v.S)}),
		"s - n":              encode(rs{v.R, new(big.Int).Sub(v.S, n)}),
		"r = 0":              sequence(zero, s),
		"s = 0":              sequence(r, zero),
		"both 0":             sequence(zero, zero),
		"both 1":             encode(rs{big.NewInt(1), big.NewInt(1)}),
		"r empty":            sequence([]byte{2, 0}, s),
		"r + n":              encode(rs{new(big.Int).Add(v.R, n), v.S}),
		"s + n":              encode(rs{v.R, new(big.Int).Add(v.S, n)}),
		"r = n":              encode(rs{n, v.S}),
		"s = n":              encode(rs{v.R, n}),
		"r and s exchanged":  encode(rs{v.S, v.R}),
		"r and s, raw":       append(v.R.Bytes(), v.S.Bytes()...),
		"huge":               sequence(integer(new(big.Int).Lsh(v.R, 4096)), s),
		"signature repeated": append(sig[:len(sig):len(sig)], sig...),
	}
}

func integer(v *big.Int) []byte { return encode(v) }

// sequence wraps parts with the shortest length, as DER would.
func sequence(parts ...[]byte) []byte {
	return encode(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: bytes.Join(parts, nil)})
}

// No byte of a signature can be changed.
func TestChangedSignature(t *testing.T) {
	for c := range fileNames {
		key := mustPrivate(t, fixture(t, c, "sec1"))
		digest := sha256.Sum256([]byte("bytes"))
		sig, err := key.Sign(digest[:])
		if err != nil {
			t.Fatal(err)
		}
		for i := range sig {
			bad := bytes.Clone(sig)
			bad[i] ^= 1
			if key.Public().Verify(digest[:], bad) {
				t.Errorf("%v: accepted with byte %d of the signature changed", c, i)
			}
		}
	}
}

package usersig_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"testing"

	"usersig"
)

type rs struct{ R, S *big.Int }

// orderOf returns the order of a forger's curve.
func orderOf(key crypto.Signer) *big.Int {
	if key == crypto.Signer(keyK256) {
		n, _ := new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
		return n
	}
	return elliptic.P256().Params().N
}

func der(v rs) []byte {
	b, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// integer and sequence write DER by hand, to write it wrongly.
func integer(content []byte) []byte { return append([]byte{2, byte(len(content))}, content...) }

func sequence(content ...[]byte) []byte {
	var all []byte
	for _, c := range content {
		all = append(all, c...)
	}
	return append([]byte{0x30, byte(len(all))}, all...)
}

// padded returns v in the bytes of a DER INTEGER with n zero bytes before them.
func padded(v *big.Int, n int) []byte {
	b := v.Bytes()
	if b[0] >= 0x80 {
		n++
	}
	return append(make([]byte, n), b...)
}

func fixedSize(v rs) []byte {
	out := make([]byte, 64)
	v.R.FillBytes(out[:32])
	v.S.FillBytes(out[32:])
	return out
}

// TestSignatureIsStrictDER: each respelling was taken by some verifier.
func TestSignatureIsStrictDER(t *testing.T) {
	v := verifierOf(t, nil)
	for name, key := range map[string]crypto.Signer{"P-256": keyP256, "secp256k1": keyK256} {
		n, forged := orderOf(key), forge1(key)
		// One signature for all, whose r has no high bit, so that each case is
		// what its name says.
		var good rs
		for {
			digest := sha256.Sum256([]byte(forged.lines()))
			sig, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := asn1.Unmarshal(sig, &good); err != nil {
				t.Fatal(err)
			}
			if good.R.Bit(255) == 0 && good.S.Bit(255) == 0 && good.R.BitLen() > 248 && good.S.BitLen() > 248 {
				break
			}
		}
		r, s := padded(good.R, 0), padded(good.S, 0)
		with := func(sig []byte) string {
			forged.rawSig = quote(base64.StdEncoding.EncodeToString(sig))
			return forged.token()
		}
		wantAlice(t, v, with(der(good)))
		wantAlice(t, v, with(sequence(integer(r), integer(s))))
		// The twin is a signature like any other; tokens are not identifiers.
		twin := rs{good.R, new(big.Int).Sub(n, good.S)}
		wantAlice(t, v, with(der(twin)))

		zero, one := big.NewInt(0), big.NewInt(1)
		minus := func(v *big.Int) []byte { // v - 2^256: the bytes without their sign's zero
			return new(big.Int).Sub(n, v).Bytes()
		}
		for what, sig := range map[string][]byte{
			"byte after":           append(der(good), 0),
			"sequence after":       append(der(good), der(good)...),
			"byte inside":          sequence(integer(r), integer(s), []byte{0}),
			"third integer":        sequence(integer(r), integer(s), integer([]byte{1})),
			"one integer":          sequence(integer(r)),
			"empty sequence":       sequence(),
			"no sequence":          append(integer(r), integer(s)...),
			"r padded":             sequence(integer(padded(good.R, 1)), integer(s)),
			"s padded":             sequence(integer(r), integer(padded(good.S, 1))),
			"length in long form":  append([]byte{0x30, 0x81, byte(4 + len(r) + len(s))}, append(integer(r), integer(s)...)...),
			"integer in long form": sequence(append([]byte{2, 0x81, byte(len(r))}, r...), integer(s)),
			"indefinite length":    append(append([]byte{0x30, 0x80}, append(integer(r), integer(s)...)...), 0, 0),
			"a set":                append([]byte{0x31}, der(good)[1:]...),
			"octet strings":        sequence(append([]byte{4, byte(len(r))}, r...), append([]byte{4, byte(len(s))}, s...)),
			"empty integer":        sequence(integer(nil), integer(s)),
			"cut":                  der(good)[:len(der(good))-1],
			"length too small":     append([]byte{0x30, byte(3 + len(r) + len(s))}, append(integer(r), integer(s)...)...),
			"P1363":                fixedSize(good),
			"one byte":             {0x30},
			"an HMAC":              hmacWith([]byte(testSecret))([]byte(forged.lines())),
			"r and s 0":            der(rs{zero, zero}),
			"r 0":                  der(rs{zero, good.S}),
			"s 0":                  der(rs{good.R, zero}),
			"r n":                  der(rs{n, good.S}),
			"s n":                  der(rs{good.R, n}),
			"r and s n":            der(rs{n, n}),
			"r and s 1":            der(rs{one, one}),
			"r plus n":             der(rs{new(big.Int).Add(good.R, n), good.S}),
			"s plus n":             der(rs{good.R, new(big.Int).Add(good.S, n)}),
			"r negative":           der(rs{new(big.Int).Neg(good.R), good.S}),
			"s negative":           der(rs{good.R, new(big.Int).Neg(good.S)}),
			"s minus n":            der(rs{good.R, new(big.Int).Sub(good.S, n)}),
			"n-s without its sign": sequence(integer(r), integer(minus(good.S))),
			"swapped":              der(rs{good.S, good.R}),
			"s and one":            der(rs{good.R, new(big.Int).Add(good.S, one)}),
			"nothing but zeros":    make([]byte, 64),
			"159 bytes":            make([]byte, 159),
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				who, err := v.Verify(t.Context(), with(sig), "alice")
				wantRefusal(t, who, err, usersig.ErrSignature, "")
			})
		}
		who, err := v.Verify(t.Context(), with(make([]byte, 160)), "alice")
		wantRefusal(t, who, err, usersig.ErrMalformed, "TLS.sig is empty or too long")
	}
}

// TestMACIsWhole: a MAC that is cut, or has more, is none.
func TestMACIsWhole(t *testing.T) {
	v := verifierOf(t, nil)
	forged := forge2(testSecret)
	tag := forged.sign([]byte(forged.lines()))
	flipped := append([]byte(nil), tag...)
	flipped[31] ^= 1
	for name, sig := range map[string][]byte{
		"cut to 31": tag[:31], "cut to 16": tag[:16], "cut to 1": tag[:1], "zeros": make([]byte, 32),
		"byte after": append(tag[:32:32], 0), "twice": append(tag[:32:32], tag...), "last bit": flipped,
	} {
		t.Run(name, func(t *testing.T) {
			forged.rawSig = quote(base64.StdEncoding.EncodeToString(sig))
			who, err := v.Verify(t.Context(), forged.token(), "alice")
			wantRefusal(t, who, err, usersig.ErrSignature, "")
		})
	}
}

// TestAnotherKey: a good signature by a key that is not ours.
func TestAnotherKey(t *testing.T) {
	v := verifierOf(t, nil)
	runAttacks(t, v, []attack{
		{"v1", forge1(otherKey).token(), usersig.ErrSignature, ""},
		{"v2", forge2(testSecret[1:] + "0").token(), usersig.ErrSignature, ""},
		{"v2, capitals", forge2("5BD2850FFF3ECB11D7C805251C51EE463A25727BDDC2385F3FA8BFEE1BB93B5E").token(), usersig.ErrSignature, ""},
		{"v2, empty key", forge2("").token(), usersig.ErrSignature, ""},
	})
}

package eckey

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"
)

// vectorFile is what is used of a Wycheproof ECDSA file.
type vectorFile struct {
	NumberOfTests int
	TestGroups    []struct {
		PublicKeyPEM string `json:"publicKeyPem"`
		PublicKeyDER string `json:"publicKeyDer"`
		Tests        []struct {
			ID      int `json:"tcId"`
			Comment string
			Msg     string
			Sig     string
			Result  string
		}
	}
}

// TestWycheproof holds Verify to Google's collection of what breaks ECDSA
// implementations: valid signatures verify, invalid ones do not. The tokens' hash
// is SHA-256; where there are no vectors for it, SHA-512 tests the curve.
func TestWycheproof(t *testing.T) {
	hash256 := func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }
	hash512 := func(b []byte) []byte { h := sha512.Sum512(b); return h[:] }
	for name, c := range map[string]struct {
		curve Curve
		hash  func([]byte) []byte
	}{
		"ecdsa_secp256k1_sha256_test.json": {Secp256k1, hash256},
		"ecdsa_secp256k1_sha512_test.json": {Secp256k1, hash512},
		"ecdsa_secp256r1_sha256_test.json": {P256, hash256},
		"ecdsa_secp384r1_sha256_test.json": {P384, hash256},
		"ecdsa_secp521r1_sha512_test.json": {P521, hash512},
	} {
		t.Run(name, func(t *testing.T) {
			runVectors(t, name, c.curve, c.hash)
		})
	}
}

func runVectors(t *testing.T, name string, c Curve, hash func([]byte) []byte) {
	data, err := fs.ReadFile(wycheproof.TestVectors, name)
	if err != nil {
		t.Fatal(err)
	}
	var file vectorFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, group := range file.TestGroups {
		key := mustPublic(t, []byte(group.PublicKeyPEM))
		if key.Curve() != c || hex.EncodeToString(key.DER()) != group.PublicKeyDER {
			t.Fatalf("key on %v, want %v", key.Curve(), c)
		}
		if block, _ := pem.Decode(key.MarshalPEM()); hex.EncodeToString(block.Bytes) != group.PublicKeyDER {
			t.Error("the key does not survive its encoding")
		}
		for _, test := range group.Tests {
			count[test.Result]++
			got := key.Verify(hash(unhex(t, test.Msg)), unhex(t, test.Sig))
			if want := test.Result == "valid"; test.Result != "acceptable" && got != want {
				t.Errorf("case %d (%s): Verify = %v, want %v", test.ID, test.Comment, got, want)
			}
		}
	}
	if count["valid"] < 50 || count["invalid"] < 50 || file.NumberOfTests < 100 {
		t.Errorf("ran %v of %d; the file has changed", count, file.NumberOfTests)
	}
	t.Logf("%v of %d", count, file.NumberOfTests)
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

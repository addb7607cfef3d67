package interop

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"usersig"
)

// opensslCurves are openssl's names for our curves.
var opensslCurves = map[usersig.Curve]string{
	usersig.P256:      "prime256v1",
	usersig.Secp256k1: "secp256k1",
	usersig.P384:      "secp384r1",
	usersig.P521:      "secp521r1",
}

// openssl runs the openssl command and returns what it printed.
func openssl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := run("openssl", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// write puts content into a file of the test's own and returns its path.
func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// opensslVerifies reports whether the command finds signature to be one of lines. An error other
// than its verdict fails the test.
func opensslVerifies(t *testing.T, public string, lines, signature []byte) bool {
	t.Helper()
	out, err := run("openssl", "dgst", "-sha256", "-verify", write(t, "public_key", []byte(public)),
		"-signature", write(t, "signature", signature), write(t, "lines", lines))
	switch {
	case err == nil && strings.TrimSpace(out) == "Verified OK":
		return true
	case err != nil && strings.Contains(err.Error(), "Verification failure"):
		return false
	}
	t.Fatalf("openssl neither accepts nor refuses: %v\n%s", err, out)
	return false
}

// TestOpenSSLVerifies gives the command our signatures and the signed bytes as this package, not
// the module, rebuilds them from the token.
func TestOpenSSLVerifies(t *testing.T) {
	claims := map[string]usersig.Claims{
		"UserSig": {UserID: "用户甲"},
		"userbuf": {UserID: `quo"te`, UserBuf: []byte{0x00, 0xff, 0xfe, 0x80, 'A'}},
		"PrivateMapKey": {UserID: "x😀y", Grant: &usersig.Grant{
			Room: usersig.Room{ID: 1001}, Allow: usersig.AllPrivileges,
		}},
	}
	for _, curve := range allCurves {
		key := newKeyPair(t, curve)
		for _, compress := range []bool{false, true} {
			signer := newSigner(t, key.PrivateKey, compress)
			for name, c := range claims {
				test := curve.String() + "/compress=" + strconv.FormatBool(compress) + "/" + name
				t.Run(test, func(t *testing.T) { checkSignature(t, key, sign(t, signer, c)) })
			}
		}
	}
}

func checkSignature(t *testing.T, key keyPair, token string) {
	t.Helper()
	f := fields(t, token)
	lines, signature := signedLines(f), decode(t, f["TLS.sig"])
	if !opensslVerifies(t, key.public, lines, signature) {
		t.Errorf("openssl refuses the signature of\n%s", lines)
	}
	// The same with one bit changed, so that a test that always passes would be noticed.
	lines[len(lines)-2] ^= 1
	if opensslVerifies(t, key.public, lines, signature) {
		t.Errorf("openssl accepts the signature for\n%s", lines)
	}
}

// TestOpenSSLReadsOurKeys checks that the command derives from our private key the public key we
// derive.
func TestOpenSSLReadsOurKeys(t *testing.T) {
	for _, curve := range allCurves {
		t.Run(curve.String(), func(t *testing.T) {
			key := newKeyPair(t, curve)
			got := openssl(t, "pkey", "-pubout", "-in", write(t, "private_key", []byte(key.private)))
			if got != key.public {
				t.Errorf("openssl derives\n%swe derive\n%s", got, key.public)
			}
			openssl(t, "pkey", "-check", "-noout", "-in", write(t, "private_key", []byte(key.private)))
		})
	}
}

// TestWeReadOpenSSLKeys signs with keys the command made, in the two forms it makes.
func TestWeReadOpenSSLKeys(t *testing.T) {
	forms := map[string]func(curve string) []string{
		"PKCS8": func(curve string) []string {
			return []string{"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + curve}
		},
		"EC_PARAMETERS+SEC1": func(curve string) []string {
			return []string{"ecparam", "-genkey", "-name", curve}
		},
	}
	for _, curve := range allCurves {
		for form, command := range forms {
			t.Run(curve.String()+"/"+form, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "private_key")
				openssl(t, append(command(opensslCurves[curve]), "-out", file)...)
				private, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				key, err := usersig.ParsePrivateKey(private)
				if err != nil {
					t.Fatalf("ParsePrivateKey: %v", err)
				}
				if key.Curve() != curve {
					t.Errorf("curve %v, want %v", key.Curve(), curve)
				}
				public := openssl(t, "pkey", "-pubout", "-in", file)
				token := sign(t, newSigner(t, key, false), usersig.Claims{UserID: "user_1"})
				checkSignature(t, keyPair{key, string(private), public}, token)
			})
		}
	}
}

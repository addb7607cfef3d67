package eckey

import (
	"bytes"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var fileNames = map[Curve]string{P256: "p256", P384: "p384", P521: "p521", Secp256k1: "secp256k1"}

func readFile(t testing.TB, elem ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func fixture(t testing.TB, c Curve, form string) []byte {
	t.Helper()
	return readFile(t, "throwaway", fileNames[c]+"."+form+".pem")
}

func mustPrivate(t testing.TB, data []byte) *Private {
	t.Helper()
	key, err := ParsePrivate(data)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func mustPublic(t testing.TB, data []byte) *Public {
	t.Helper()
	key, err := ParsePublic(data)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func mustPEM(t testing.TB, key *Private) []byte {
	t.Helper()
	text, err := key.MarshalPKCS8PEM()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// layouts are harmless ways to write a PEM file.
var layouts = map[string]func(string) string{
	"as is":            func(s string) string { return s },
	"CRLF":             func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
	"leading text":     func(s string) string { return "the key of 2027\nkeep it safe\n\n" + s },
	"trailing text":    func(s string) string { return s + "\nthat was it\n" },
	"leading blanks":   func(s string) string { return "\n \r\n\n" + s },
	"no final newline": func(s string) string { return strings.TrimRight(s, "\n") },
	"trailing spaces":  func(s string) string { return strings.ReplaceAll(s, "\n", " \t\n") },
	"body on one line": func(s string) string {
		var out strings.Builder
		for line := range strings.Lines(s) {
			if !strings.HasPrefix(line, dashes) {
				line = strings.TrimRight(line, "\n")
			} else if strings.HasPrefix(line, endMark) {
				out.WriteString("\n")
			}
			out.WriteString(line)
		}
		return out.String()
	},
	// The Node SDK's own test key has secp256k1 parameters before a P-256 key.
	"other curve's parameters": func(s string) string {
		return "-----BEGIN EC PARAMETERS-----\nBgUrgQQACg==\n-----END EC PARAMETERS-----\n" + s
	},
}

func TestParseForms(t *testing.T) {
	for c, name := range fileNames {
		want := mustPrivate(t, fixture(t, c, "pkcs8"))
		for layout, rewrite := range layouts {
			for _, form := range []string{"pkcs8", "sec1", "params-sec1"} {
				t.Run(name+"/"+form+"/"+layout, func(t *testing.T) {
					key, err := ParsePrivate([]byte(rewrite(string(fixture(t, c, form)))))
					if err != nil {
						t.Fatal(err)
					}
					if !key.Equal(want) || key.Curve() != c || !key.Public().Equal(want.Public()) {
						t.Error("another key")
					}
				})
			}
			for _, form := range []string{"public", "public-compressed"} {
				t.Run(name+"/"+form+"/"+layout, func(t *testing.T) {
					key, err := ParsePublic([]byte(rewrite(string(fixture(t, c, form)))))
					if err != nil {
						t.Fatal(err)
					}
					if !key.Equal(want.Public()) || key.Curve() != c {
						t.Error("another key")
					}
				})
			}
		}
	}
}

// What is written is, byte for byte, what openssl writes; for the NIST curves also
// what crypto/x509 writes.
func TestMarshal(t *testing.T) {
	for c := range fileNames {
		want := fixture(t, c, "pkcs8")
		key := mustPrivate(t, fixture(t, c, "sec1"))
		if got := mustPEM(t, key); !bytes.Equal(got, want) {
			t.Errorf("%v: MarshalPKCS8PEM differs from openssl", c)
		}
		if got := key.Public().MarshalPEM(); !bytes.Equal(got, fixture(t, c, "public")) {
			t.Errorf("%v: MarshalPEM differs from openssl", c)
		}
		block, _ := pem.Decode(fixture(t, c, "public"))
		if !bytes.Equal(key.Public().DER(), block.Bytes) {
			t.Errorf("%v: DER differs from openssl", c)
		}
		if c == Secp256k1 {
			continue
		}
		der, err := x509.MarshalPKCS8PrivateKey(key.signer)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), want) {
			t.Errorf("%v: MarshalPKCS8PEM differs from crypto/x509", c)
		}
	}
}

// DER returns a copy: a caller that writes to it must not change the key.
func TestDERIsCopy(t *testing.T) {
	key := mustPublic(t, fixture(t, P256, "public"))
	key.DER()[0] = 0
	if !key.Equal(mustPublic(t, fixture(t, P256, "public"))) {
		t.Error("the key changed")
	}
}

func TestGenerate(t *testing.T) {
	for c := range fileNames {
		a, err := Generate(c)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Generate(c)
		if err != nil {
			t.Fatal(err)
		}
		if a.Equal(b) || a.Public().Equal(b.Public()) || a.Curve() != c {
			t.Errorf("%v: Generate repeats itself or takes another curve", c)
		}
		if !mustPrivate(t, mustPEM(t, a)).Equal(a) || !mustPublic(t, a.Public().MarshalPEM()).Equal(a.Public()) {
			t.Errorf("%v: the key does not survive its encoding", c)
		}
	}
	for _, c := range []Curve{0, Secp256k1 + 1, 255} {
		if key, err := Generate(c); err == nil || key != nil {
			t.Errorf("Generate(%d) succeeds", c)
		}
	}
}

func TestEqual(t *testing.T) {
	a, b := mustPrivate(t, fixture(t, P256, "sec1")), mustPrivate(t, fixture(t, Secp256k1, "sec1"))
	if a.Equal(b) || a.Equal(nil) || a.Public().Equal(b.Public()) || a.Public().Equal(nil) {
		t.Error("different keys are equal")
	}
}

func TestCurveString(t *testing.T) {
	got := fmt.Sprint(P256, P384, P521, Secp256k1, Curve(0), Curve(9))
	if want := "P-256 P-384 P-521 secp256k1 unknown curve unknown curve"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Whatever the verb, a private key that strays into a log line stays unread.
func TestFormat(t *testing.T) {
	for c := range fileNames {
		key := mustPrivate(t, fixture(t, c, "sec1"))
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
			if got, want := fmt.Sprintf(verb, key), c.String()+" private key"; got != want {
				t.Errorf("%s prints %q, want %q", verb, got, want)
			}
		}
	}
}

// foreign is a curve as another library would present it.
type foreign struct {
	elliptic.Curve
	params *elliptic.CurveParams
}

func (f foreign) Params() *elliptic.CurveParams { return f.params }

func errorKind(t testing.TB, err error) Kind {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is not an *Error", err)
	}
	return e.Kind
}

var _ elliptic.Curve = foreign{}

package usersig_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"usersig"
)

var curves = []usersig.Curve{usersig.P256, usersig.Secp256k1, usersig.P384, usersig.P521}

func TestKeysGoThroughPEM(t *testing.T) {
	for _, c := range curves {
		t.Run(c.String(), func(t *testing.T) {
			key, err := usersig.GenerateKey(c)
			if err != nil {
				t.Fatal(err)
			}
			private, err := key.EncodePEM()
			if err != nil {
				t.Fatal(err)
			}
			again, err := usersig.ParsePrivateKey(private)
			if err != nil || again.ID() != key.ID() || again.Curve() != c {
				t.Fatalf("%v, %v, want %v", again, err, key)
			}
			public, err := usersig.ParsePublicKey(key.Public().EncodePEM())
			if err != nil || public.ID() != key.ID() || public.Curve() != c || !public.Equal(key.Public()) || !key.Public().Equal(public) {
				t.Fatalf("%v, %v", public, err)
			}
			if _, err := hex.DecodeString(key.ID()); err != nil || len(key.ID()) != 16 {
				t.Errorf("ID %q", key.ID())
			}
			v := verifierOf(t, nil, public)
			wantAlice(t, v, signed(t, signerOf(t, again, false), usersig.Claims{UserID: "alice"}))
			for _, other := range []any{publicOf(t, keyP256), (*usersig.PublicKey)(nil), nil, "key", keyP256.Public()} {
				if public.Equal(other) {
					t.Errorf("equal to %v", other)
				}
			}
			if parsed, err := usersig.ParseCurve(c.String()); err != nil || parsed != c {
				t.Errorf("ParseCurve(%v) = %v, %v", c, parsed, err)
			}
		})
	}
	if _, err := usersig.GenerateKey(usersig.Curve(99)); !errors.Is(err, usersig.ErrInvalidKey) {
		t.Errorf("GenerateKey(99): %v", err)
	}
	for _, name := range []string{"", "p-256", "P-224", "unknown curve", strings.Repeat("x", 1000)} {
		if c, err := usersig.ParseCurve(name); c != 0 || !errors.Is(err, usersig.ErrInvalidKey) || len(err.Error()) > 200 {
			t.Errorf("ParseCurve(%q) = %v, %v", name, c, err)
		}
	}
}

func TestNewPublicKeyRefuses(t *testing.T) {
	offCurve := keyP256.PublicKey
	offCurve.X = new(big.Int).Add(offCurve.X, big.NewInt(1))
	for name, key := range map[string]any{
		"nil": nil, "RSA": &rsa.PublicKey{}, "Ed25519": ed25519.PublicKey("x"), "private": keyP256, "text": "PUBLIC KEY", "off the curve": &offCurve,
	} {
		if k, err := usersig.NewPublicKey(key); k != nil || !errors.Is(err, usersig.ErrInvalidKey) {
			t.Errorf("%s: %v, %v", name, k, err)
		}
	}
	if k, err := usersig.NewPublicKey(foreignK256(t)); err != nil || !k.Equal(publicOf(t, keyK256)) {
		t.Errorf("foreign secp256k1: %v", err)
	}
}

// otherInputs are things that get pasted where a key belongs.
func otherInputs(t *testing.T) map[string]string {
	t.Helper()
	private, err := privateOf(t, keyP256).EncodePEM()
	if err != nil {
		t.Fatal(err)
	}
	public := string(publicOf(t, keyP256).EncodePEM())
	inputs := map[string]string{
		"private key": string(private), "public key": public, "secret": testSecret, "token": forge2(testSecret).token(),
		"JSON": `{"kty":"EC","d":"` + testSecret + `"}`, "zip": "PK\x03\x04" + testSecret, "empty": "", "white space": " \n",
		"quoted": `"` + testSecret + `"`, "UTF-16": "\xff\xfe5\x00b\x00", "truncated": string(private[:len(private)/2]),
		"one line": strings.ReplaceAll(string(private), "\n", " "), "escaped": strings.ReplaceAll(string(private), "\n", `\n`),
		"two keys": string(private) + string(private), "binary": "\x00\x01\x02" + testSecret, "too large": strings.Repeat("x", 1<<17),
	}
	wrong, err := filepath.Glob(filepath.Join("internal", "eckey", "testdata", "wrong", "*"))
	if err != nil || len(wrong) == 0 {
		t.Fatalf("no wrong keys: %v", err)
	}
	for _, name := range wrong {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		inputs[filepath.Base(name)] = string(data)
	}
	return inputs
}

// echoes reports whether text holds eight characters of input in a row that are
// not of the words that every such message and every PEM file have.
func echoes(text, input string) bool {
	for i := 0; i+8 <= len(input); i++ {
		part := input[i : i+8]
		if strings.Trim(part, "-ABCDEFGHIJKLMNOPQRSTUVWXYZ2 \n") != "" && strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// TestWrongInputsAreNamed: each is named, with a hint, and nothing of it is quoted.
func TestWrongInputsAreNamed(t *testing.T) {
	parsers := []struct {
		name  string
		right map[string]bool
		parse func([]byte) (any, error)
	}{
		{"private key", map[string]bool{"private key": true}, func(b []byte) (any, error) { return usersig.ParsePrivateKey(b) }},
		{"public key", map[string]bool{"public key": true}, func(b []byte) (any, error) { return usersig.ParsePublicKey(b) }},
		{"secret", map[string]bool{"secret": true}, func(b []byte) (any, error) { return usersig.ParseSecret(b) }},
	}
	for _, p := range parsers {
		for name, input := range otherInputs(t) {
			t.Run(p.name+"/"+name, func(t *testing.T) {
				key, err := p.parse([]byte(input))
				if p.right[name] {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				e, ok := errors.AsType[*usersig.KeyError](err)
				if !ok || e.Hint == "" || !strings.HasPrefix(e.Error(), "parse "+p.name+": ") || !errors.Is(err, usersig.ErrInvalidKey) {
					t.Fatalf("%v, %v (%T), want a KeyError with a hint", key, err, err)
				}
				if text := e.Message + "\n" + e.Hint; echoes(text, input) || len(text) > 500 {
					t.Errorf("the error quotes the input: %s", text)
				}
				if fmt.Sprint(key) != "<nil>" && !strings.Contains(fmt.Sprintf("%#v", key), "nil") {
					t.Errorf("a key came with the error: %#v", key)
				}
			})
		}
	}
}

// TestParseSecretRefuses: text that is no other kind of key, and no secret either.
func TestParseSecretRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, part string }{
		"seven bytes":       {"1234567", "secret is shorter than 8 bytes"},
		"seven and a space": {"1234567 \r\n", "secret is shorter than 8 bytes"},
		"1025 bytes":        {strings.Repeat("s", 1025), "secret is longer than 1024 bytes"},
		"tab inside":        {"password\tpassword", "secret has a control character or is not UTF-8"},
		"two lines":         {"password1\npassword2", "secret has a control character or is not UTF-8"},
		"space first":       {" " + testSecret, "white space stands before it"},
		"a line of an env":  {"SECRETKEY=" + testSecret, "this is a NAME= line"},
		"an export":         {"export KEY = " + testSecret, "this is a NAME= line"},
		"C1 control":        {"password\u0085word", "this is not a key but data of an unknown kind"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := usersig.ParseSecret([]byte(c.text))
			if s != nil || !errors.Is(err, usersig.ErrInvalidKey) || !strings.Contains(err.Error(), c.part) || echoes(err.Error(), c.text) {
				t.Errorf("%v, %v, want %s", s, err, c.part)
			}
		})
	}
	for name, c := range map[string]struct {
		text, want string
		strong     bool
	}{
		"console's":        {testSecret, testSecret, true},
		"with a line feed": {testSecret + "\n", testSecret, true},
		"with CRLF":        {testSecret + " \t\r\n", testSecret, true},
		"base64":           {"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI=", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI=", false},
		"eight bytes":      {"12345678", "12345678", false},
		"Chinese":          {"密钥密钥密钥", "密钥密钥密钥", false},
		"1024 bytes":       {strings.Repeat("s", 1024), strings.Repeat("s", 1024), true},
		"a phrase":         {"correct horse battery staple", "correct horse battery staple", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := usersig.ParseSecret([]byte(c.text))
			if err != nil || s.Reveal() != c.want || s.Strong() != c.strong {
				t.Errorf("%v, want %q, strong=%t", err, c.want, c.strong)
			}
		})
	}
}

func TestSecretIdentity(t *testing.T) {
	a, b := secretOf(t, testSecret), secretOf(t, testSecret+"\n")
	if !a.Equal(b) || a.ID() != b.ID() || a.Equal(secretOf(t, testSecret[1:]+"0")) || a.Equal(secretOf(t, testSecret[1:])) || a.Equal(nil) {
		t.Error("secrets are compared wrongly")
	}
	text := []byte(testSecret)
	s, err := usersig.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	clear(text)
	if s.Reveal() != testSecret {
		t.Error("the secret shares the caller's memory")
	}
	first, err := usersig.GenerateSecret()
	second, err2 := usersig.GenerateSecret()
	if err != nil || err2 != nil || first.Equal(second) || !first.Strong() || len(unhex(t, first.Reveal())) != 32 {
		t.Errorf("%v, %v", err, err2)
	}
}

// TestSecretsNeverPrint tries every way of printing that people use.
func TestSecretsNeverPrint(t *testing.T) {
	private, secret := privateOf(t, keyP256), secretOf(t, testSecret)
	value, err := keyP256.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	remote := privateOf(t, kms{keyP256.Public(), nil})
	forbidden := map[string][]string{}
	for _, raw := range [][]byte{value, []byte(testSecret)} {
		name := "secret"
		if &raw[0] == &value[0] {
			name = "private"
		}
		forbidden[name] = []string{
			string(raw), hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)), strings.Trim(fmt.Sprint(raw[:8]), "[]"),
			fmt.Sprintf("%#v", raw[:8])[7:30], new(big.Int).SetBytes(raw).String(), fmt.Sprintf("%q", raw[:8]),
		}
	}
	check := func(how, text, id string) {
		t.Helper()
		for name, parts := range forbidden {
			for _, part := range parts {
				if strings.Contains(text, part) {
					t.Errorf("%s shows the %s key: %s", how, name, text)
				}
			}
		}
		if id != "" && !strings.Contains(text, id) {
			t.Errorf("%s does not show the ID: %s", how, text)
		}
	}
	for _, key := range []interface{ ID() string }{private, secret, remote} {
		for _, verb := range "vTtbcdoOqxXUeEfFgGsp" {
			for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "64.64"} {
				id := key.ID()
				if verb == 'T' || verb == 'p' {
					id = "" // the type and the address; fmt does not ask
				}
				format := "%" + flags + string(verb)
				check(format, fmt.Sprintf(format, key), id)
				check(format+" in a slice", fmt.Sprintf(format, []any{key}), "")
				check(format+" in a struct", fmt.Sprintf(format, struct{ Key any }{key}), "")
				check(format+" in a hidden field", fmt.Sprintf(format, struct{ key any }{key}), "")
			}
		}
		check("Errorf", fmt.Errorf("failed with %w, %v", usersig.ErrInvalidKey, key).Error(), key.ID())
		for name, open := range map[string]func(*bytes.Buffer) slog.Handler{
			"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			"JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var b bytes.Buffer
			slog.New(open(&b)).Info("key", "key", key, "keys", []any{key}, "map", map[string]any{"k": key})
			check("slog "+name, b.String(), key.ID())
		}
		for _, v := range []any{key, []any{key}, map[string]any{"key": key}, struct{ Key any }{key}} {
			text, err := json.Marshal(v)
			if err != nil {
				t.Error(err)
			}
			check("json", string(text), key.ID())
		}
	}
	signer := signerOf(t, secret, false)
	verifier := verifierOf(t, nil, secret)
	for _, v := range []any{signer, verifier, usersig.RetireAt(secret, at(testTime)()), signerOf(t, private, false), signerOf(t, remote, false)} {
		for _, verb := range "vTsdxqX" {
			check("%"+string(verb), fmt.Sprintf("%"+string(verb), v), "")
			check("%+"+string(verb), fmt.Sprintf("%+"+string(verb), struct{ v any }{v}), "")
		}
	}
	// Copies, which go vet forbids, are made by reflection all the same.
	check("copy", fmt.Sprintf("%v %s", reflect.ValueOf(secret).Elem(), reflect.ValueOf(private).Elem()), "")
}

package usersig

import (
	"crypto/ecdsa"
	"errors"
	"strings"
	"testing"
	"unicode"

	"usersig/internal/eckey"
)

// Whatever can be wrong with a key is said in both languages, with what to do.
func TestKeyErrorsHaveChinese(t *testing.T) {
	han := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	for _, kind := range eckey.Kinds() {
		for _, want := range []eckey.Kind{0, eckey.KindPrivate, eckey.KindPublic, eckey.KindSecret} {
			err := invalidKey(&eckey.Error{Want: want, Kind: kind, Curve: "P-224"})
			en, ok := errors.AsType[*KeyError](err)
			if !ok {
				t.Fatalf("%v: %T", kind, err)
			}
			zh := en.In("zh_CN.UTF-8")
			if !han(zh.Message) || !han(zh.Hint) || !strings.HasSuffix(zh.Message, "：P-224") || strings.Contains(zh.Message, "parse") {
				t.Errorf("%v: %+v", kind, zh)
			}
			if strings.Contains(en.Hint, "FILE") != strings.Contains(zh.Hint, "FILE") {
				t.Errorf("%v: the command of one language is not that of the other: %q, %q", kind, en.Hint, zh.Hint)
			}
			if en.In("en") != *en || en.In("") != *en || han(en.Message+en.Hint) {
				t.Errorf("%v: English is not as it was", kind)
			}
		}
	}
	if len(kindsZH) != len(eckey.Kinds()) {
		t.Errorf("%d kinds in Chinese, want %d", len(kindsZH), len(eckey.Kinds()))
	}
}

// A translation finds its sentence by the whole of it.
func TestKeyTextsAreDistinct(t *testing.T) {
	for _, a := range eckey.Kinds() {
		for _, b := range eckey.Kinds() {
			if a != b && strings.HasPrefix(a.Text(), b.Text()) {
				t.Errorf("%v begins as %v: %q, %q", a, b, a.Text(), b.Text())
			}
		}
	}
}

func TestSecretErrorsHaveChinese(t *testing.T) {
	private, err := GenerateKey(P256)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := private.EncodePEM()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(pem), "SECRETKEY=0123456789abcdef0123456789abcdef", " 0123456789abcdef0123456789abcdef", ""} {
		_, err := ParseSecret([]byte(text))
		e, ok := errors.AsType[*KeyError](err)
		if !ok {
			t.Fatalf("%.10q: %v", text, err)
		}
		if zh := e.In("zh"); !strings.HasPrefix(zh.Message, "解析 SECRETKEY：") || zh.Hint == e.Hint {
			t.Errorf("%.10q: %+v", text, zh)
		}
	}
	if other := (KeyError{"something else", "do it"}); other.In("zh") != other {
		t.Error("another program's message is changed")
	}
}

func TestNewKeysParseNothing(t *testing.T) {
	for name, err := range map[string]error{
		"public":  fault(NewPublicKey("text")),
		"nil":     fault(NewPublicKey(nil)),
		"private": fault(NewPrivateKey(&ecdsa.PrivateKey{})),
	} {
		if err == nil || strings.Contains(err.Error(), "parse") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func fault(_ any, err error) error { return err }

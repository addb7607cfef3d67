package eckey

import (
	"bytes"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func seed(f *testing.F) {
	for _, dir := range []string{"throwaway", "wrong"} {
		files, err := os.ReadDir(filepath.Join("testdata", dir))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data := readFile(f, dir, file.Name())
			f.Add(data)
			if block, _ := pem.Decode(data); block != nil {
				f.Add(block.Bytes)
			}
		}
	}
	key := string(fixture(f, P256, "pkcs8"))
	for _, c := range wrongTexts {
		f.Add([]byte(c.make(key)))
	}
}

// checkRefusal holds that a refusal is an *Error with words from the table only.
func checkRefusal(t *testing.T, err error, nothing bool) {
	t.Helper()
	var e *Error
	if !nothing || !errors.As(err, &e) || e.Kind < KindUnknown || e.Kind >= kindEnd || e.Hint() == "" {
		t.Fatalf("refusal %v, nothing returned with it: %v", err, nothing)
	}
	bare := *e
	bare.Curve = ""
	if e.Curve != "" && e.Error() != bare.Error()+": "+e.Curve {
		t.Fatalf("refusal %q", e)
	}
}

// FuzzParsePrivate holds that what parses is a key that survives its encoding and
// signs, and that nothing comes with an error. The input is tried as a file and as
// the inside of one.
func FuzzParsePrivate(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		checkPrivate(t, data)
		checkPrivate(t, armour(labelPKCS8, data))
		checkPrivate(t, armour(labelSEC1, data))
	})
}

func checkPrivate(t *testing.T, data []byte) {
	key, err := ParsePrivate(data)
	if (Sniff(data) == KindPrivate) != (err == nil) {
		t.Fatalf("Sniff = %v, ParsePrivate: %v", Sniff(data), err)
	}
	if err != nil {
		checkRefusal(t, err, key == nil)
		return
	}
	text := mustPEM(t, key)
	again := mustPrivate(t, text)
	if !again.Equal(key) || again.Curve() != key.Curve() || !bytes.Equal(mustPEM(t, again), text) {
		t.Fatal("the key does not survive its encoding")
	}
	digest := make([]byte, minDigest)
	sig, err := again.Sign(digest)
	if err != nil || !key.Public().Verify(digest, sig) {
		t.Fatalf("the key cannot be used: %v", err)
	}
}

// FuzzParsePublic holds the same for public keys. Their DER is canonical but for
// the compression of the point.
func FuzzParsePublic(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		checkPublic(t, data)
		checkPublic(t, armour(labelSPKI, data))
		key, err := ParsePublic(armour(labelSPKI, data))
		if err == nil && len(data) == len(key.DER()) && !bytes.Equal(data, key.DER()) {
			t.Fatal("one key has two encodings")
		}
	})
}

func checkPublic(t *testing.T, data []byte) {
	key, err := ParsePublic(data)
	if (Sniff(data) == KindPublic) != (err == nil) {
		t.Fatalf("Sniff = %v, ParsePublic: %v", Sniff(data), err)
	}
	if err != nil {
		checkRefusal(t, err, key == nil)
		return
	}
	again := mustPublic(t, key.MarshalPEM())
	if !again.Equal(key) || again.Curve() != key.Curve() || !bytes.Equal(again.DER(), key.DER()) {
		t.Fatal("the key does not survive its encoding")
	}
	if key.Verify(make([]byte, minDigest), nil) {
		t.Fatal("nothing verifies as a signature")
	}
}

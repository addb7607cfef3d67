package keyszip_test

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"time"

	"usersig"
	"usersig/keyszip"
)

var modified = time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)

func TestWrite(t *testing.T) {
	for _, curve := range []usersig.Curve{usersig.P256, usersig.Secp256k1, usersig.P384, usersig.P521} {
		t.Run(curve.String(), func(t *testing.T) {
			key := newKey(t, curve)
			files := unpack(t, write(t, key))
			private, err := usersig.ParsePrivateKey(files[keyszip.PrivateName])
			if err != nil {
				t.Fatalf("private_key: %v", err)
			}
			public, err := usersig.ParsePublicKey(files[keyszip.PublicName])
			if err != nil {
				t.Fatalf("public_key: %v", err)
			}
			if private.ID() != key.ID() || !public.Equal(key.Public()) {
				t.Errorf("the zip holds keys %s and %s, want %s", private.ID(), public.ID(), key.ID())
			}
			if len(files) != 2 {
				t.Errorf("the zip holds %d files, want 2", len(files))
			}
			if !bytes.HasPrefix(files[keyszip.PrivateName], []byte("-----BEGIN PRIVATE KEY-----\n")) {
				t.Error("private_key is not PKCS #8")
			}
		})
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	key := newKey(t, usersig.P256)
	if !bytes.Equal(write(t, key), write(t, key)) {
		t.Error("two zips of one key differ")
	}
}

// The private key must not become readable to others by being unpacked.
func TestModesInZip(t *testing.T) {
	b := write(t, newKey(t, usersig.P256))
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if got := z.File[0]; got.Name != keyszip.PrivateName || got.Mode().Perm() != 0o600 || !got.Modified.Equal(modified) {
		t.Errorf("the first file is %s, mode %v, of %v; want private_key, 0600, %v", got.Name, got.Mode(), got.Modified, modified)
	}
}

func TestWriteFails(t *testing.T) {
	var buf bytes.Buffer
	if err := keyszip.Write(&buf, heldElsewhere(t), modified); !errors.Is(err, usersig.ErrInvalidKey) || buf.Len() > 0 {
		t.Errorf("Write of a key held elsewhere = %v and %d bytes, want ErrInvalidKey and none", err, buf.Len())
	}
	// Whatever byte the disk fills up at, it is noticed.
	key := newKey(t, usersig.P256)
	for room := range len(write(t, key)) {
		if err := keyszip.Write(&full{room}, key, modified); !errors.Is(err, errFull) {
			t.Fatalf("Write with room for %d bytes = %v, want errFull", room, err)
		}
	}
}

var errFull = errors.New("disk full")

// full is a writer with room for so many bytes.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.room {
		return 0, errFull
	}
	f.room -= len(b)
	return len(b), nil
}

func newKey(t *testing.T, curve usersig.Curve) *usersig.PrivateKey {
	t.Helper()
	key, err := usersig.GenerateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// heldElsewhere returns a key whose value cannot be encoded.
func heldElsewhere(t *testing.T) *usersig.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := usersig.NewPrivateKey(hsm{k})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// hsm hides that its key is in memory.
type hsm struct{ crypto.Signer }

func write(t *testing.T, key *usersig.PrivateKey) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := keyszip.Write(&buf, key, modified); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func unpack(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

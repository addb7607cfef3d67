package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"usersig"
)

// Half a key pair would stand in the way of the next try.
func TestCreateAllLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "private_key"), filepath.Join(dir, "nosuch", "public_key")
	err := createAll(newFile{first, []byte("a")}, newFile{second, []byte("b")})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("createAll = %v, want that the directory does not exist", err)
	}
	if _, err := os.Lstat(first); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the first file is still there: %v", err)
	}
}

// Between the look and the making somebody else may be faster.
func TestCreateNeverReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "private_key")
	if err := os.WriteFile(path, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&newFile{path, []byte("ours")}).create(); err == nil {
		t.Error("create replaced a file")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "theirs" {
		t.Errorf("the file is %q, %v", got, err)
	}
}

// The whole hash that keygen prints begins with the key ID, so either can be compared.
func TestFingerprintBeginsWithID(t *testing.T) {
	key, err := usersig.GenerateKey(usersig.Secp256k1)
	if err != nil {
		t.Fatal(err)
	}
	if got := fingerprint(key.Public()); got[:16] != key.ID() || len(got) != 64 {
		t.Errorf("fingerprint = %s, key ID = %s", got, key.ID())
	}
}

// The clock of the program is one that a test can set.
func TestClock(t *testing.T) {
	var out bytes.Buffer
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, bytes.Repeat([]byte("0123456789abcdef"), 4), 0o600); err != nil {
		t.Fatal(err)
	}
	u := newUI(nil, &out, os.Stderr, os.Getenv)
	u.clock = func() time.Time { return time.Unix(1795424400, 0) }
	root := newRoot(u)
	root.SetArgs([]string{"sign", "--app", "1", "--user", "a", "--key", secret, "--json"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(out.Bytes(), []byte(`"issued_at":"2026-11-23T09:00:00Z"`)) {
		t.Errorf("signed at another time: %s", out.Bytes())
	}
}

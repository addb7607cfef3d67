//go:build unix

package custody_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"usersig"
	"usersig/server/internal/custody"
)

func TestOpenFileMode(t *testing.T) {
	path := newFile(t)
	for mode := range os.FileMode(0o1000) {
		if mode&0o400 == 0 {
			continue // not even the owner can read it, unless they are the superuser
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		kek, err := custody.OpenFile(path)
		if private := mode&0o077 == 0; (err == nil) != private || (kek != nil) != private {
			t.Errorf("mode %#o: OpenFile = %v, %v", mode, kek, err)
		}
		if err != nil && !strings.Contains(err.Error(), "open to other users") {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
}

func TestOpenFileKind(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, dir, os.DevNull} {
		if kek, err := custody.OpenFile(path); kek != nil || err == nil || !strings.Contains(err.Error(), "is not a file") {
			t.Errorf("OpenFile(%s) = %v, %v", filepath.Base(path), kek, err)
		}
	}
	if kek, err := custody.OpenFile(filepath.Join(dir, "none")); kek != nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("OpenFile without a file = %v, %v", kek, err)
	}
}

// TestSymbolicLink holds that a link is followed, and that what is behind it is changed
// and not the link.
func TestSymbolicLink(t *testing.T) {
	path := newFile(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	key := private(t, usersig.P256)
	sealed := seal(t, openFile(t, link), key)
	if err := custody.AddKey(link); err != nil {
		t.Fatal(err)
	}
	needs(t, openFile(t, path), key, sealed, true)
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", info, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if kek, err := custody.OpenFile(link); kek != nil || err == nil {
		t.Errorf("OpenFile through a link to an open file = %v, %v", kek, err)
	}
}

//go:build unix

package custody_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"usersig/server/internal/custody"
)

// fakeInfo is a file of a mode and a group.
type fakeInfo struct {
	fs.FileInfo
	mode  fs.FileMode
	group uint32
}

func (f fakeInfo) Mode() fs.FileMode { return f.mode }
func (f fakeInfo) Sys() any          { return &syscall.Stat_t{Gid: f.group} }

func TestReadSecretMode(t *testing.T) {
	path := writeFile(t, []byte("secret"))
	for mode := range os.FileMode(0o1000) {
		if mode&0o400 == 0 {
			continue // not even the owner can read it, unless they are the superuser
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		text, err := custody.ReadSecret(path)
		if good := mode&0o027 == 0; (err == nil) != good || (string(text) == "secret") != good {
			t.Errorf("mode %#o: ReadSecret = %q, %v", mode, text, err)
		}
		if err != nil && !strings.Contains(err.Error(), "chmod it to 0600") {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
}

func TestReadSecretRefused(t *testing.T) {
	long := writeFile(t, make([]byte, 64<<10+1))
	for _, path := range []string{long, filepath.Dir(long), long + ".none"} {
		if text, err := custody.ReadSecret(path); text != nil || err == nil {
			t.Errorf("ReadSecret(%s) = %d bytes, %v", filepath.Base(path), len(text), err)
		}
	}
}

// TestCheckWritable holds that nobody else can write, but for the group that this process
// is of.
func TestCheckWritable(t *testing.T) {
	own := uint32(os.Getegid())
	for mode := range fs.FileMode(0o1000) {
		for _, group := range []uint32{own, own + 1} {
			err := custody.CheckWritable(fakeInfo{mode: mode, group: group})
			if bad := mode&0o002 != 0 || mode&0o020 != 0 && group != own; (err != nil) != bad {
				t.Errorf("mode %#o, own group %v: %v", mode, group == own, err)
			}
		}
		if err := custody.CheckReadable(fakeInfo{mode: mode}); (err != nil) != (mode&0o004 != 0) {
			t.Errorf("mode %#o: CheckReadable = %v", mode, err)
		}
	}
}

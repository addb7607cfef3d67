//go:build unix

package custody

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fileOf is what the system says about a file of a user: making one of another user's
// takes the superuser.
type fileOf struct {
	user uint32
	mode fs.FileMode
}

func (f fileOf) Name() string       { return "kek" }
func (f fileOf) Size() int64        { return 1 }
func (f fileOf) Mode() fs.FileMode  { return f.mode }
func (f fileOf) ModTime() time.Time { return time.Time{} }
func (f fileOf) IsDir() bool        { return f.mode.IsDir() }
func (f fileOf) Sys() any           { return &syscall.Stat_t{Uid: f.user} }

func TestCheckAccess(t *testing.T) {
	for _, c := range []struct {
		file fileOf
		user int
		want string
	}{
		{fileOf{1000, 0o600}, 1000, ""},
		{fileOf{1000, 0o400}, 1000, ""},
		{fileOf{0, 0o600}, 1000, ""},
		{fileOf{0, 0o600}, 0, ""},
		{fileOf{1001, 0o600}, 1000, "another user"},
		{fileOf{1000, 0o600}, 0, "another user"},
		{fileOf{1001, 0o644}, 1000, "another user"},
		{fileOf{1000, 0o640}, 1000, "0640"},
		{fileOf{1000, 0o604}, 1000, "0604"},
		{fileOf{1000, 0o620}, 1000, "0620"},
		{fileOf{0, 0o644}, 1000, "0644"},
		{fileOf{1000, fs.ModeNamedPipe | 0o600}, 1000, "not a file"},
		{fileOf{1000, fs.ModeDir | 0o700}, 1000, "not a file"},
	} {
		err := checkAccess(c.file, c.user)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("checkAccess(%v, %d) = %v, want %q", c.file, c.user, err, c.want)
		}
	}
	if err := checkAccess(strange{fileOf{1000, 0o600}}, 1000); err == nil {
		t.Error("a file of an unknown owner is accepted")
	}
}

// strange is a file whose owner the system does not tell.
type strange struct{ fileOf }

func (strange) Sys() any { return nil }

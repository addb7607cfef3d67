//go:build unix

package custody

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// readFlags do not wait for the other end of a pipe, which is then refused.
const readFlags = os.O_RDONLY | syscall.O_NONBLOCK

// checkAccess refuses a file that somebody else than user can read or change. The
// superuser can do both to any file, so owning it gives them nothing new.
func checkAccess(info fs.FileInfo, user int) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return errors.New("is not a file")
	case !ok || stat.Uid != 0 && int(stat.Uid) != user:
		return errors.New("belongs to another user: chown it to the one that the server runs as")
	case mode.Perm()&0o077 != 0:
		return fmt.Errorf("is open to other users (mode %#o): "+
			"chmod it to 0600, and replace the keys if anybody may have read it", mode.Perm())
	}
	return nil
}

// syncDir makes a new or renamed file in dir last through a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

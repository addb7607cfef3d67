//go:build unix

package custody

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

func checkSecret(info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o027 != 0 {
		return fmt.Errorf("is open to others (mode %#o): chmod it to 0600", mode)
	}
	return nil
}

// CheckWritable refuses a file or folder that others can change: its group too, unless
// that is the one that this process is of. Some systems give each user a group alone.
func CheckWritable(info fs.FileInfo) error {
	mode := info.Mode().Perm()
	stat, ok := info.Sys().(*syscall.Stat_t)
	if mode&0o002 != 0 || mode&0o020 != 0 && (!ok || int(stat.Gid) != os.Getegid()) {
		return fmt.Errorf("can be changed by others (mode %#o): chmod it to go-w", mode)
	}
	return nil
}

// CheckReadable refuses a file that others can read who are not of its group.
func CheckReadable(info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o004 != 0 {
		return fmt.Errorf("can be read by others (mode %#o): chmod it to 0600", mode)
	}
	return nil
}

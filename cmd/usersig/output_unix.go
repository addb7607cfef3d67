//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package main

import (
	"errors"
	"os"
	"syscall"
)

// openOutput opens a file for tokens. With resume it may be there already: then it
// must be a plain file of this user's own, it is made readable to nobody else, and
// nobody else may be writing to it. In a folder that others can write to, such as
// /tmp, somebody could have put a link or a file of their own in its place.
func openOutput(path string, resume bool) (*os.File, error) {
	flags := os.O_RDWR | os.O_CREATE | syscall.O_NOFOLLOW
	if !resume {
		flags |= os.O_EXCL
	}
	f, err := os.OpenFile(path, flags, 0o600) //nolint:gosec // G304: the file that the user names
	if errors.Is(err, syscall.ELOOP) {
		return nil, errNotOwn
	}
	if err != nil {
		return nil, err
	}
	if err := claim(f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func claim(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.Mode().IsRegular() || !ok || int(owner.Uid) != os.Geteuid() {
		return errNotOwn
	}
	// Kept until the file is closed. Two at once would write over each other's rows.
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errInUse
	}
	if err != nil {
		return err
	}
	return f.Chmod(0o600)
}

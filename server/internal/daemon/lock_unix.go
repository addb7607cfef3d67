//go:build unix

package daemon

import (
	"errors"
	"os"
	"syscall"
)

// lock keeps other processes from writing to the file. It ends with the process.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errors.New("another process writes to it")
	}
	return err
}

package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// lockFile keeps a second process, and a second store in this one, from writing: the
// file is open for as long as the store is, and cannot be opened twice.
func lockFile(path string) (io.Closer, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const alone = 0
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, alone, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	const sharingViolation = syscall.Errno(32)
	if errors.Is(err, sharingViolation) {
		return nil, errInUse
	}
	if err != nil {
		return nil, outage(fmt.Errorf("lock %s: %w", path, err))
	}
	return os.NewFile(uintptr(handle), path), nil
}

// syncFolder does nothing: names survive a power failure by themselves here.
func syncFolder(string) error { return nil }

package main

import (
	"errors"
	"io/fs"
	"os"
)

// keptFile is a new file, made before there is what goes into it: a secret that cannot
// be written is lost.
type keptFile struct {
	file *os.File
	full bool
}

func reserve(path string) (*keptFile, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // G304: the file that the user names
	if errors.Is(err, fs.ErrExist) {
		return nil, alreadyExists(path)
	}
	if err != nil {
		return nil, fileFailure(path, err)
	}
	return &keptFile{file: file}, nil
}

func (k *keptFile) keep(text string) error {
	_, err := k.file.WriteString(text)
	if err = errors.Join(err, k.file.Sync(), k.file.Close()); err != nil {
		return fileFailure(k.file.Name(), err)
	}
	k.full = true
	return nil
}

// abandon removes the file if nothing came into it.
func (k *keptFile) abandon() {
	if !k.full {
		_ = k.file.Close()
		_ = os.Remove(k.file.Name())
	}
}

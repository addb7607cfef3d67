package batch_test

import (
	"errors"
	"fmt"
	"io"
)

// file is a file in memory. Whichever error is set, the call of that name fails.
type file struct {
	data                  []byte
	at                    int64
	read, truncate, write error
	seek                  []error // of each call
}

func (f *file) Read(p []byte) (int, error) {
	if f.read != nil {
		return 0, f.read
	}
	if f.at >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.data[f.at:])
	f.at += int64(n)
	return n, nil
}

func (f *file) Write(p []byte) (int, error) {
	if f.write != nil {
		return 0, f.write
	}
	if f.at != int64(len(f.data)) {
		return 0, fmt.Errorf("write at %d of a file of %d bytes", f.at, len(f.data))
	}
	f.data = append(f.data, p...)
	f.at = int64(len(f.data))
	return len(p), nil
}

func (f *file) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekStart {
		return 0, errors.New("seek from elsewhere than the start")
	}
	if len(f.seek) > 0 {
		err := f.seek[0]
		f.seek = f.seek[1:]
		if err != nil {
			return 0, err
		}
	}
	f.at = offset
	return offset, nil
}

func (f *file) Truncate(size int64) error {
	if f.truncate != nil {
		return f.truncate
	}
	f.data = f.data[:size]
	return nil
}

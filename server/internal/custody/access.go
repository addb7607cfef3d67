package custody

import (
	"fmt"
	"io"
	"os"
)

// ReadSecret reads a file with a secret of the operator, such as a key or a password. It
// refuses one that others than its owner and group can read, or others than its owner
// change. The group may read it because orchestrators mount secrets for one.
func ReadSecret(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := checkSecret(info); err != nil {
		return nil, fmt.Errorf("%q %w", path, err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%q is longer than %d bytes", path, maxFile)
	}
	if err != nil {
		clear(text)
		return nil, err
	}
	return text, nil
}

package custody

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// A KEK file is one line that says what it is, and then a Tink keyset in JSON: one or
// more AES-256-GCM keys, one of which is the primary. Tink puts the ID of the key that it
// used before each ciphertext.
const (
	fileMark   = "usersig-kek-v1"
	fileHeader = fileMark + " whoever has this file and the database has every hosted key: back them up apart\n"
	maxFile    = 64 << 10
)

// readFile reads and checks a KEK file. What is checked is the open file and not its
// name, which could lead elsewhere a moment later.
func readFile(path string) (*keyset.Handle, error) {
	f, err := os.OpenFile(path, readFlags, 0) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := checkAccess(info, os.Geteuid()); err != nil {
		return nil, fmt.Errorf("%q %w", path, err)
	}
	text := make([]byte, maxFile)
	defer clear(text)
	n, err := io.ReadFull(f, text)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("%q is empty, too long or cannot be read", path)
	}
	h, err := parseKeyset(text[:n])
	if err != nil {
		return nil, fmt.Errorf("%q %w", path, err)
	}
	return h, nil
}

// parseKeyset keeps what Tink says to itself: a parser may quote the line it stopped at.
func parseKeyset(text []byte) (*keyset.Handle, error) {
	header, body, _ := bytes.Cut(text, []byte("\n"))
	mark, _, _ := bytes.Cut(header, []byte(" "))
	if string(mark) != fileMark {
		return nil, fmt.Errorf("is not a KEK file of this version: it does not begin with %q", fileMark)
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(body)))
	if err != nil {
		return nil, errors.New("is damaged: below its first line is no Tink keyset")
	}
	return h, nil
}

// writeNew writes a file that did not exist, or nothing.
func writeNew(path string, h *keyset.Handle) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	if err := errors.Join(writeKeyset(f, h), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func writeKeyset(f *os.File, h *keyset.Handle) error {
	text := bytes.NewBuffer(make([]byte, 0, maxFile)) // does not grow, so can be cleared
	defer func() { clear(text.Bytes()) }()
	text.WriteString(fileHeader)
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(text)); err != nil {
		return err
	}
	text.WriteByte('\n')
	if text.Len() >= maxFile {
		return errors.New("it has too many keys")
	}
	if _, err := f.Write(text.Bytes()); err != nil {
		return err
	}
	return f.Sync()
}

package custody

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// fileKEK is a [KEK] from a file.
type fileKEK struct {
	aead    tink.AEAD
	primary []byte   // what the primary key's ciphertexts begin with
	known   [][]byte // the same of every key
}

// CreateFile makes a KEK in a new file that only its owner can read. A file that is
// there is never replaced: the keys under it would be lost.
func CreateFile(path string) error {
	h, err := addKey(keyset.NewManager())
	if err == nil {
		err = writeNew(path, h)
	}
	if err != nil {
		return fmt.Errorf("create KEK file: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// OpenFile returns the KEK in a file. It refuses a file that others than its owner can
// read or write, or whose owner is another user, who could replace the KEK with one they
// know and wait for keys to be sealed under it.
func OpenFile(path string) (KEK, error) {
	h, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("open KEK file: %w", err)
	}
	k, err := newFileKEK(h)
	if err != nil {
		return nil, fmt.Errorf("open KEK file %q: %w", path, err)
	}
	return k, nil
}

// AddKey adds a new key to a KEK file and makes it the primary one, so that what is
// sealed from now on is sealed under it. The older keys stay and open what they sealed;
// see [Rewrap]. A KEK that is open already does not change.
//
// The file is replaced in one step: whatever happens, it holds the old keys.
func AddKey(path string) error {
	// Renaming onto a symbolic link would leave the file behind it as it was.
	path, err := filepath.EvalSymlinks(path)
	if err == nil {
		err = replaceFile(path, func(h *keyset.Handle) (*keyset.Handle, error) {
			return addKey(keyset.NewManagerFromHandle(h))
		})
	}
	if err != nil {
		return fmt.Errorf("add a key to KEK file: %w", err)
	}
	return nil
}

// replaceFile changes a KEK file. Two at once would each leave out the other's key, and
// what was sealed under the lost one would never open: so the new file, whose name is
// fixed and which must not exist, is the lock as well.
func replaceFile(path string, change func(*keyset.Handle) (*keyset.Handle, error)) error {
	next := path + ".new"
	lock, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names it
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%q exists: another change is under way, or was cut off and the file is to be removed", next)
	}
	if err != nil {
		return err
	}
	h, err := readFile(path)
	if err == nil {
		h, err = change(h)
	}
	if err == nil {
		err = writeKeyset(lock, h)
	}
	if err = errors.Join(err, lock.Close()); err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return syncDir(filepath.Dir(path))
}

func addKey(m *keyset.Manager) (*keyset.Handle, error) {
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err == nil {
		err = m.SetPrimary(id)
	}
	if err != nil {
		return nil, err
	}
	return m.Handle()
}

func newFileKEK(h *keyset.Handle) (*fileKEK, error) {
	a, err := aead.New(h)
	if err != nil {
		return nil, errors.New("it has no usable key")
	}
	k := &fileKEK{aead: a}
	for i := range h.Len() {
		e, err := h.Entry(i)
		if err != nil {
			return nil, err
		}
		key, ok := e.Key().(*aesgcm.Key)
		if !ok || !strong(key) {
			return nil, errors.New("it has a key that is not AES-256-GCM with Tink's prefix")
		}
		k.known = append(k.known, key.OutputPrefix())
		if e.IsPrimary() {
			k.primary = key.OutputPrefix()
		}
	}
	return k, nil
}

// strong reports whether key is like those that this package makes: a file from
// elsewhere may hold shorter ones, or ones whose ciphertexts do not name them.
func strong(key *aesgcm.Key) bool {
	p, ok := key.Parameters().(*aesgcm.Parameters)
	return ok && p.KeySizeInBytes() == 32 && p.Variant() == aesgcm.VariantTink
}

// Wrap implements [KEK].
func (k *fileKEK) Wrap(_ context.Context, plain, context []byte) ([]byte, error) {
	return k.aead.Encrypt(plain, context)
}

// Unwrap implements [KEK].
func (k *fileKEK) Unwrap(_ context.Context, sealed, context []byte) ([]byte, error) {
	if !k.made(sealed) {
		return nil, ErrKEK
	}
	plain, err := k.aead.Decrypt(sealed, context)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func (k *fileKEK) made(sealed []byte) bool {
	for _, prefix := range k.known {
		if bytes.HasPrefix(sealed, prefix) {
			return true
		}
	}
	return false
}

func (k *fileKEK) current(_ context.Context, sealed, _ []byte) bool {
	return bytes.HasPrefix(sealed, k.primary)
}

// Format implements [fmt.Formatter]. Whatever the verb, no key is printed.
func (k *fileKEK) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "kek:file") }

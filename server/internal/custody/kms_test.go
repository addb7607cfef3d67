package custody_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	"usersig"
	"usersig/server/internal/custody"
)

var errDown = errors.New("connection refused")

// fakeKMS is a KMS in this process. Its keys are named by their URIs.
type fakeKMS struct {
	scheme string
	newer  bool // its keys take a context
	down   bool
	keys   map[string]tink.AEAD
}

func (f *fakeKMS) Supported(uri string) bool { return strings.HasPrefix(uri, f.scheme+"://") }

func (f *fakeKMS) GetAEAD(uri string) (tink.AEAD, error) {
	k := &kmsKey{f, f.keys[uri]}
	switch {
	case k.AEAD == nil:
		return nil, fmt.Errorf("no key %s", uri)
	case f.newer:
		return newerKey{k}, nil
	}
	return k, nil
}

type kmsKey struct {
	kms *fakeKMS
	tink.AEAD
}

func (k *kmsKey) Encrypt(plain, context []byte) ([]byte, error) {
	if k.kms.down {
		return nil, errDown
	}
	return k.AEAD.Encrypt(plain, context)
}

func (k *kmsKey) Decrypt(sealed, context []byte) ([]byte, error) {
	if k.kms.down {
		return nil, errDown
	}
	return k.AEAD.Decrypt(sealed, context)
}

type newerKey struct{ *kmsKey }

func (k newerKey) EncryptWithContext(ctx context.Context, plain, context []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("newer: %w", err)
	}
	return k.Encrypt(plain, context)
}

func (k newerKey) DecryptWithContext(ctx context.Context, sealed, context []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("newer: %w", err)
	}
	return k.Decrypt(sealed, context)
}

func newKMS(t testing.TB, scheme string, uris ...string) *fakeKMS {
	t.Helper()
	f := &fakeKMS{scheme: scheme, keys: make(map[string]tink.AEAD)}
	for _, uri := range uris {
		h, err := keyset.NewHandle(aead.AES256GCMNoPrefixKeyTemplate())
		if err != nil {
			t.Fatal(err)
		}
		if f.keys[uri], err = aead.New(h); err != nil {
			t.Fatal(err)
		}
	}
	registry.RegisterKMSClient(f)
	t.Cleanup(registry.ClearKMSClients)
	return f
}

func openKEK(t testing.TB, uri string, older ...string) custody.KEK {
	t.Helper()
	kek, err := custody.OpenKEK(t.Context(), uri, older...)
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

func TestOpenKEKFile(t *testing.T) {
	path := newFile(t)
	key := private(t, usersig.P256)
	sealed := seal(t, openKEK(t, path), key)
	opens(t, openKEK(t, "file://"+path), key, sealed)

	odd := t.TempDir() + "/a kek%"
	if err := os.Rename(path, odd); err != nil {
		t.Fatal(err)
	}
	opens(t, openKEK(t, odd), key, sealed)
	opens(t, openKEK(t, (&url.URL{Scheme: "file", Path: odd}).String()), key, sealed)
}

func TestKMS(t *testing.T) {
	const a, b = "fake-kms://eu/keys/a", "fake-kms://eu/keys/b"
	for name, newer := range map[string]bool{"older client": false, "newer client": true} {
		t.Run(name, func(t *testing.T) {
			f := newKMS(t, "fake-kms", a, b)
			f.newer = newer
			kek, other := openKEK(t, a), openKEK(t, b)
			for name, key := range keys(t) {
				sealed := seal(t, kek, key)
				opens(t, kek, key, sealed)
				needs(t, kek, key, sealed, false)
				if got, err := custody.Open(t.Context(), other, app, key.ID(), sealed); got != nil || err == nil {
					t.Errorf("%s opens under another key: %v, %v", name, got, err)
				}
				if got, err := custody.Open(t.Context(), kek, app+1, key.ID(), sealed); got != nil || err == nil {
					t.Errorf("%s opens for another application: %v, %v", name, got, err)
				}
			}
			ends(t, kek)
			f.down = true
			down(t, kek)
			if got := fmt.Sprintf("%v %+v", kek, kek); got != "kek:fake-kms kek:fake-kms" {
				t.Errorf("the KEK prints as %s", got)
			}
		})
	}
}

// ends checks that kek does nothing for who has left.
func ends(t *testing.T, kek custody.KEK) {
	t.Helper()
	key := private(t, usersig.P256)
	sealed := seal(t, kek, key)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := custody.Seal(ctx, kek, app, key); got != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("Seal = %x, %v, want %v", got, err, context.Canceled)
	}
	if got, err := custody.Open(ctx, kek, app, key.ID(), sealed); got != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("Open = %v, %v, want %v", got, err, context.Canceled)
	}
}

// down checks that a KMS out of reach is not taken for a wrong or damaged key.
func down(t *testing.T, kek custody.KEK) {
	t.Helper()
	key := private(t, usersig.P256)
	got, err := custody.Seal(t.Context(), kek, app, key)
	if got != nil || !errors.Is(err, errDown) {
		t.Errorf("Seal = %x, %v, want %v", got, err, errDown)
	}
	if errors.Is(err, custody.ErrKEK) || errors.Is(err, custody.ErrSealed) {
		t.Errorf("a KMS out of reach is called %v", err)
	}
}

// TestMoveToKMS goes from a file to a KMS while every key opens at every step.
func TestMoveToKMS(t *testing.T) {
	const uri = "fake-kms://eu/keys/a"
	f := newKMS(t, "fake-kms", uri)
	path := newFile(t)
	key := private(t, usersig.Secp256k1)
	old := seal(t, openKEK(t, path), key)

	both := openKEK(t, uri, path)
	opens(t, both, key, old)
	needs(t, both, key, old, true)
	moved, err := custody.Rewrap(t.Context(), both, app, key.ID(), old)
	if err != nil {
		t.Fatal(err)
	}
	opens(t, both, key, moved)
	needs(t, both, key, moved, false)
	opens(t, openKEK(t, uri), key, moved)

	// And back, where the file knows its own without asking.
	back := openKEK(t, path, uri)
	needs(t, back, key, moved, true)
	needs(t, back, key, old, false)
	opens(t, back, key, moved)

	f.down = true
	opens(t, both, key, old)
	got, err := custody.Open(t.Context(), both, app, key.ID(), moved)
	if got != nil || !errors.Is(err, errDown) || !errors.Is(err, custody.ErrKEK) {
		t.Errorf("Open = %v, %v, want %v and %v", got, err, errDown, custody.ErrKEK)
	}
	if got, err := custody.Rewrap(t.Context(), both, app, key.ID(), old); got != nil || !errors.Is(err, errDown) {
		t.Errorf("Rewrap = %x, %v, want %v", got, err, errDown)
	}
}

func TestOpenKEKRefuses(t *testing.T) {
	const uri = "fake-kms://user:hunter2@eu/keys/a"
	newKMS(t, "fake-kms", "fake-kms://eu/keys/a")
	path := newFile(t)
	for name, c := range map[string]struct{ uri, want string }{
		"nothing":          {"", "neither a path nor a URI"},
		"file with a host": {"file://kek", "three slashes"},
		"bad escape":       {"file:///a%zz", "three slashes"},
		"no such file":     {path + "x", "no such file"},
		"no client":        {"aws-kms://arn:aws:kms:eu-1:hunter2:key/a", `no KMS client for such a "aws-kms" URI; file is built in`},
		"long scheme":      {strings.Repeat("x", 1000) + "://", `"xxxxxxxxxxxxxxxx" URI`},
		"client refuses":   {uri, `"fake-kms" client refuses`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, open := range []func() (custody.KEK, error){
				func() (custody.KEK, error) { return custody.OpenKEK(t.Context(), c.uri) },
				func() (custody.KEK, error) { return custody.OpenKEK(t.Context(), path, c.uri) },
				func() (custody.KEK, error) { return custody.OpenKEK(t.Context(), c.uri, path) },
			} {
				kek, err := open()
				if kek != nil || err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("OpenKEK = %v, %v, want an error with %q", kek, err, c.want)
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the error repeats the URI: %v", err)
				}
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if kek, err := custody.OpenKEK(ctx, "fake-kms://eu/keys/a"); kek != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("OpenKEK = %v, %v, want %v", kek, err, context.Canceled)
	}
}

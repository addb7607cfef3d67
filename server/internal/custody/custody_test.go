package custody_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"usersig"
	"usersig/server/internal/custody"
)

const app = 1400000000

// secretText is taken for granted to be in no error.
const secretText = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func keys(t testing.TB) map[string]usersig.SigningKey {
	t.Helper()
	all := make(map[string]usersig.SigningKey)
	for _, c := range []usersig.Curve{usersig.P256, usersig.P384, usersig.P521, usersig.Secp256k1} {
		all[c.String()] = private(t, c)
	}
	all["secret"] = secret(t, secretText)
	all["shortest secret"] = secret(t, "8 bytes!")
	all["longest secret"] = secret(t, strings.Repeat("long", 256))
	return all
}

func private(t testing.TB, c usersig.Curve) *usersig.PrivateKey {
	t.Helper()
	key, err := usersig.GenerateKey(c)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func secret(t testing.TB, text string) *usersig.Secret {
	t.Helper()
	s, err := usersig.ParseSecret([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newFile returns the path of a new KEK file.
func newFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kek")
	if err := custody.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func openFile(t testing.TB, path string) custody.KEK {
	t.Helper()
	kek, err := custody.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

func seal(t testing.TB, kek custody.KEK, key usersig.SigningKey) []byte {
	t.Helper()
	sealed, err := custody.Seal(t.Context(), kek, app, key)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// reveal returns the whole value of a key.
func reveal(t testing.TB, key usersig.SigningKey) string {
	t.Helper()
	switch k := key.(type) {
	case *usersig.PrivateKey:
		pem, err := k.EncodePEM()
		if err != nil {
			t.Fatal(err)
		}
		return string(pem)
	case *usersig.Secret:
		return k.Reveal()
	}
	t.Fatalf("key is %T", key)
	return ""
}

// opens checks that sealed opens and is want.
func opens(t testing.TB, kek custody.KEK, want usersig.SigningKey, sealed []byte) {
	t.Helper()
	got, err := custody.Open(t.Context(), kek, app, want.ID(), sealed)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if reveal(t, got) != reveal(t, want) {
		t.Error("Open returns another key than was sealed")
	}
}

// refused checks that sealed does not open, for the reason want, and that nothing of a
// key is in the error.
func refused(t testing.TB, kek custody.KEK, app uint32, id string, sealed []byte, want error) {
	t.Helper()
	key, err := custody.Open(t.Context(), kek, app, id, sealed)
	if key != nil || !errors.Is(err, want) {
		t.Errorf("Open = %v, %v, want nil, %v", key, err, want)
	}
}

func TestSealOpen(t *testing.T) {
	kek := openFile(t, newFile(t))
	for name, key := range keys(t) {
		t.Run(name, func(t *testing.T) {
			sealed := seal(t, kek, key)
			opens(t, kek, key, sealed)
			value := reveal(t, key)
			if bytes.Contains(sealed, []byte(value)) || bytes.Contains(sealed, []byte(value[len(value)/2:])) {
				t.Error("the key can be read in what is sealed")
			}
			if bytes.Equal(sealed, seal(t, kek, key)) {
				t.Error("sealing twice gives the same bytes")
			}
		})
	}
}

// TestOpenSigns takes a key all the way: what was sealed signs tokens that the key from
// before accepts.
func TestOpenSigns(t *testing.T) {
	kek := openFile(t, newFile(t))
	key := private(t, usersig.Secp256k1)
	opened, err := custody.Open(t.Context(), kek, app, key.ID(), seal(t, kek, key))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := usersig.NewSigner(app, opened, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Sign(usersig.Claims{UserID: "alice", TTL: 3600e9})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := usersig.NewVerifier(app, []usersig.VerifyingKey{key.Public()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(t.Context(), token, "alice"); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

// TestSwaps puts a sealed key where it does not belong.
func TestSwaps(t *testing.T) {
	kek := openFile(t, newFile(t))
	a, b := private(t, usersig.P256), private(t, usersig.P256)
	sealed, other := seal(t, kek, a), seal(t, kek, b)

	refused(t, kek, app+1, a.ID(), sealed, custody.ErrSealed)
	refused(t, kek, 0, a.ID(), sealed, custody.ErrSealed)
	refused(t, kek, app, b.ID(), sealed, custody.ErrSealed)
	refused(t, kek, app, "", sealed, custody.ErrSealed)
	refused(t, kek, app, a.ID()+"\x00E", sealed, custody.ErrSealed)

	n := 4 + int(sealed[2])<<8 + int(sealed[3])
	crossed := append(bytes.Clone(sealed[:n]), other[n:]...)
	refused(t, kek, app, a.ID(), crossed, custody.ErrSealed)
	refused(t, kek, app, b.ID(), crossed, custody.ErrSealed)

	asSecret := bytes.Clone(sealed)
	asSecret[1] = 'H'
	refused(t, kek, app, a.ID(), asSecret, custody.ErrSealed)
	opens(t, kek, a, sealed)
}

func TestEveryFlip(t *testing.T) {
	kek := openFile(t, newFile(t))
	for name, key := range map[string]usersig.SigningKey{"private": private(t, usersig.P256), "secret": secret(t, secretText)} {
		t.Run(name, func(t *testing.T) {
			sealed := seal(t, kek, key)
			for i := range sealed {
				for bit := range 8 {
					sealed[i] ^= 1 << bit
					got, err := custody.Open(t.Context(), kek, app, key.ID(), sealed)
					if got != nil || err == nil {
						t.Fatalf("bit %d of byte %d flipped: Open = %v, %v", bit, i, got, err)
					}
					if !errors.Is(err, custody.ErrSealed) && !errors.Is(err, custody.ErrKEK) {
						t.Fatalf("bit %d of byte %d flipped: %v", bit, i, err)
					}
					sealed[i] ^= 1 << bit
				}
			}
			opens(t, kek, key, sealed)
		})
	}
}

func TestEveryLength(t *testing.T) {
	kek := openFile(t, newFile(t))
	key := private(t, usersig.P256)
	sealed := seal(t, kek, key)
	for n := range sealed {
		if got, err := custody.Open(t.Context(), kek, app, key.ID(), sealed[:n]); got != nil || err == nil {
			t.Fatalf("cut to %d bytes: Open = %v, %v", n, got, err)
		}
	}
	for _, more := range []int{1, 16, 1 << 10, 1 << 16} {
		refused(t, kek, app, key.ID(), append(bytes.Clone(sealed), make([]byte, more)...), custody.ErrSealed)
	}
	refused(t, kek, app, key.ID(), nil, custody.ErrSealed)
}

func TestWrongKEK(t *testing.T) {
	right, wrong := openFile(t, newFile(t)), openFile(t, newFile(t))
	key := secret(t, secretText)
	sealed := seal(t, right, key)
	refused(t, wrong, app, key.ID(), sealed, custody.ErrKEK)
	if _, err := custody.Rewrap(t.Context(), wrong, app, key.ID(), sealed); !errors.Is(err, custody.ErrKEK) {
		t.Errorf("Rewrap = %v, want %v", err, custody.ErrKEK)
	}
}

func TestSealNothing(t *testing.T) {
	kek := openFile(t, newFile(t))
	for _, key := range []usersig.SigningKey{nil, (*usersig.PrivateKey)(nil), (*usersig.Secret)(nil)} {
		if sealed, err := custody.Seal(t.Context(), kek, app, key); sealed != nil || err == nil {
			t.Errorf("Seal(%T) = %x, %v, want an error", key, sealed, err)
		}
	}
}

// TestErrorsTellNothing looks for keys in the texts of errors, in the forms in which
// they could get there.
func TestErrorsTellNothing(t *testing.T) {
	path := newFile(t)
	kek := openFile(t, path)
	key := secret(t, secretText)
	sealed := seal(t, kek, key)
	sealed[len(sealed)-1] ^= 1
	_, err := custody.Open(t.Context(), kek, app, key.ID(), sealed)
	for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%v %+v %#v", kek, kek, kek)} {
		for _, leak := range []string{secretText[:16], hex.EncodeToString([]byte(secretText))[:16], "keyData"} {
			if strings.Contains(text, leak) {
				t.Errorf("%q contains %q", text, leak)
			}
		}
	}
	if got := fmt.Sprintf("%v|%+v|%#v|%s", kek, kek, kek, kek); got != "kek:file|kek:file|kek:file|kek:file" {
		t.Errorf("a KEK prints as %s", got)
	}
}

func TestRewrap(t *testing.T) {
	path := newFile(t)
	before := openFile(t, path)
	for name, key := range keys(t) {
		t.Run(name, func(t *testing.T) {
			old := seal(t, before, key)
			needs(t, before, key, old, false)

			if err := custody.AddKey(path); err != nil {
				t.Fatal(err)
			}
			after := openFile(t, path)
			opens(t, after, key, old)
			needs(t, after, key, old, true)

			rewrapped, err := custody.Rewrap(t.Context(), after, app, key.ID(), old)
			if err != nil {
				t.Fatal(err)
			}
			opens(t, after, key, rewrapped)
			opens(t, after, key, old)
			needs(t, after, key, rewrapped, false)
			refused(t, before, app, key.ID(), rewrapped, custody.ErrKEK)

			n := 4 + int(old[2])<<8 + int(old[3])
			if !bytes.Equal(old[n:], rewrapped[n:]) {
				t.Error("Rewrap touched the key's own ciphertext")
			}
		})
	}
}

func needs(t testing.TB, kek custody.KEK, key usersig.SigningKey, sealed []byte, want bool) {
	t.Helper()
	got, err := custody.NeedsRewrap(t.Context(), kek, app, key.ID(), sealed)
	if got != want || err != nil {
		t.Errorf("NeedsRewrap = %v, %v, want %v", got, err, want)
	}
}

// TestRewrapBinds holds that Rewrap is no way round the binding.
func TestRewrapBinds(t *testing.T) {
	kek := openFile(t, newFile(t))
	key := private(t, usersig.P256)
	sealed := seal(t, kek, key)
	for _, in := range []struct {
		app    uint32
		id     string
		sealed []byte
	}{{app + 1, key.ID(), sealed}, {app, "0123456789abcdef", sealed}, {app, key.ID(), sealed[:20]}, {app, key.ID(), nil}} {
		got, err := custody.Rewrap(t.Context(), kek, in.app, in.id, in.sealed)
		if got != nil || !errors.Is(err, custody.ErrSealed) {
			t.Errorf("Rewrap(%d, %s, %d bytes) = %x, %v", in.app, in.id, len(in.sealed), got, err)
		}
	}
	if got, err := custody.NeedsRewrap(t.Context(), kek, app, key.ID(), sealed[:20]); got || !errors.Is(err, custody.ErrSealed) {
		t.Errorf("NeedsRewrap = %v, %v", got, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	kek := openFile(t, newFile(t))
	var wg sync.WaitGroup
	for i := range 8 {
		key := secret(t, fmt.Sprintf("secret number %d", i))
		wg.Go(func() {
			for range 20 {
				if err := cycle(t.Context(), kek, key); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// cycle seals, rewraps and opens key.
func cycle(ctx context.Context, kek custody.KEK, key usersig.SigningKey) error {
	sealed, err := custody.Seal(ctx, kek, app, key)
	if err != nil {
		return err
	}
	if sealed, err = custody.Rewrap(ctx, kek, app, key.ID(), sealed); err != nil {
		return err
	}
	got, err := custody.Open(ctx, kek, app, key.ID(), sealed)
	if err == nil && got.ID() != key.ID() {
		err = fmt.Errorf("key %s came back as %s", key.ID(), got.ID())
	}
	return err
}

// FuzzOpen holds that nothing but what Seal made opens, and that an error comes alone.
// It edits a sealed key instead of taking one, because the KEK of a run is its own.
func FuzzOpen(f *testing.F) {
	kek := openFile(f, newFile(f))
	key := private(f, usersig.P256)
	good := seal(f, kek, key)
	f.Add(uint16(0), uint16(0), []byte(""))
	f.Add(uint16(2), uint16(2), []byte("\x00\x40"))
	f.Add(uint16(9), uint16(12), []byte("a nonce here"))
	f.Add(uint16(200), uint16(1<<15), []byte(""))
	f.Add(uint16(0), uint16(1<<15), []byte("\x01H\xff\xff123"))
	f.Fuzz(func(t *testing.T, at, del uint16, insert []byte) {
		from := min(int(at), len(good))
		to := min(from+int(del), len(good))
		sealed := slices.Concat(good[:from], insert, good[to:])
		got, err := custody.Open(t.Context(), kek, app, key.ID(), sealed)
		if (err == nil) != (got != nil) {
			t.Fatalf("Open = %v, %v", got, err)
		}
		if (err == nil) != bytes.Equal(sealed, good) {
			t.Errorf("Open = %v for %x", err, sealed)
		}
		again, err := custody.Rewrap(t.Context(), kek, app, key.ID(), sealed)
		if (err == nil) != (again != nil) {
			t.Fatalf("Rewrap = %x, %v", again, err)
		}
	})
}

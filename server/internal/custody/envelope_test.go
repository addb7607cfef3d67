package custody

import (
	"context"
	"errors"
	"strings"
	"testing"

	"usersig"
)

// loose is a KEK that ignores the context, as some KMS clients do, and answers what it
// is told to.
type loose struct {
	wrapped, plain []byte
}

func (l loose) Wrap(_ context.Context, plain, _ []byte) ([]byte, error) {
	if l.wrapped != nil {
		return l.wrapped, nil
	}
	return append([]byte("!"), plain...), nil
}

func (l loose) Unwrap(_ context.Context, sealed, _ []byte) ([]byte, error) {
	if l.plain != nil {
		return l.plain, nil
	}
	return sealed[1:], nil
}

// TestInnerBinding holds that a row is bound to its place even if the KEK's layer is not.
func TestInnerBinding(t *testing.T) {
	key, err := usersig.GenerateSecret()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := Seal(t.Context(), loose{}, 1, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), loose{}, 1, key.ID(), sealed); err != nil {
		t.Fatalf("Open: %v", err)
	}
	if got, err := Open(t.Context(), loose{}, 2, key.ID(), sealed); got != nil || !errors.Is(err, ErrSealed) {
		t.Errorf("Open for another application = %v, %v", got, err)
	}
	if got, err := Open(t.Context(), loose{}, 1, "another", sealed); got != nil || !errors.Is(err, ErrSealed) {
		t.Errorf("Open for another key = %v, %v", got, err)
	}
	sealed[1] = byte(kindPrivate)
	if got, err := Open(t.Context(), loose{}, 1, key.ID(), sealed); got != nil || !errors.Is(err, ErrSealed) {
		t.Errorf("Open as another kind = %v, %v", got, err)
	}
}

// TestContent holds that what is sealed well and is not the right key does not open.
func TestContent(t *testing.T) {
	secret, err := usersig.GenerateSecret()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		kind  kind
		plain string
	}{
		"no private key":      {kindPrivate, "not PEM"},
		"no secret":           {kindSecret, "short"},
		"secret as private":   {kindPrivate, secret.Reveal()},
		"key under other ID":  {kindSecret, secret.Reveal()},
		"nothing as a secret": {kindSecret, ""},
	} {
		t.Run(name, func(t *testing.T) {
			sealed, err := seal(t.Context(), loose{}, binding(1, "id", c.kind), c.kind, []byte(c.plain))
			if err != nil {
				t.Fatal(err)
			}
			got, err := Open(t.Context(), loose{}, 1, "id", sealed)
			if got != nil || !errors.Is(err, ErrSealed) {
				t.Fatalf("Open = %v, %v, want %v", got, err, ErrSealed)
			}
			if c.plain != "" && strings.Contains(err.Error(), c.plain) {
				t.Errorf("the error has the key in it: %v", err)
			}
		})
	}
}

// TestStrangeKEK holds that what a KEK answers is bounded.
func TestStrangeKEK(t *testing.T) {
	key, err := usersig.GenerateSecret()
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, maxWrapped + 1, 1 << 20} {
		got, err := Seal(t.Context(), loose{wrapped: make([]byte, size)}, 1, key)
		if got != nil || err == nil {
			t.Errorf("Seal with %d bytes from the KEK = %x, %v", size, got, err)
		}
	}
	sealed, err := Seal(t.Context(), loose{}, 1, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 16, 31, 33} {
		got, err := Open(t.Context(), loose{plain: make([]byte, size)}, 1, key.ID(), sealed)
		if got != nil || !errors.Is(err, ErrSealed) {
			t.Errorf("Open with a data key of %d bytes = %v, %v", size, got, err)
		}
	}
	if got, err := Rewrap(t.Context(), loose{wrapped: make([]byte, maxWrapped+1)}, 1, key.ID(), sealed); got != nil || err == nil {
		t.Errorf("Rewrap = %x, %v", got, err)
	}
	if got, err := seal(t.Context(), loose{}, nil, kindSecret, make([]byte, maxPlain+1)); got != nil || err == nil {
		t.Errorf("sealing too long a key = %x, %v", got, err)
	}
}

// TestBinding holds that no two rows share a binding, whatever is in an ID.
func TestBinding(t *testing.T) {
	seen := make(map[string]string)
	for _, app := range []uint32{0, 1, 11, 1400000000} {
		for _, id := range []string{"", "1", "a", "a\x00E", "a\x00H", "\x00", "1\x00a", "\x001\x00a"} {
			for _, k := range []kind{kindPrivate, kindSecret} {
				b := string(binding(app, id, k))
				here := string(rune(app)) + "/" + id + "/" + string(rune(k))
				if other, ok := seen[b]; ok {
					t.Errorf("%q and %q share the binding %q", here, other, b)
				}
				seen[b] = here
			}
		}
	}
}

// wiped checks that the caller's data key is cleared when Seal is done.
type wiped struct {
	loose
	seen *[]byte
}

func (w wiped) Wrap(ctx context.Context, plain, context []byte) ([]byte, error) {
	*w.seen = plain
	return w.loose.Wrap(ctx, plain, context)
}

func TestDataKeyIsCleared(t *testing.T) {
	key, err := usersig.GenerateSecret()
	if err != nil {
		t.Fatal(err)
	}
	var seen []byte
	sealed, err := Seal(t.Context(), wiped{seen: &seen}, 1, key)
	if err != nil {
		t.Fatal(err)
	}
	isClear(t, "Seal", seen)
	dataKey := []byte(string(sealed[5 : 5+dataKeySize]))
	if _, err := Open(t.Context(), loose{plain: dataKey}, 1, key.ID(), sealed); err != nil {
		t.Fatal(err)
	}
	isClear(t, "Open", dataKey)
	dataKey = []byte(string(sealed[5 : 5+dataKeySize]))
	if _, err := Rewrap(t.Context(), wiped{loose{plain: dataKey}, &seen}, 1, key.ID(), sealed); err != nil {
		t.Fatal(err)
	}
	isClear(t, "Rewrap", dataKey)
}

func isClear(t *testing.T, after string, b []byte) {
	t.Helper()
	if len(b) != dataKeySize || string(b) != string(make([]byte, dataKeySize)) {
		t.Errorf("%d bytes of a data key are left after %s", len(b), after)
	}
}

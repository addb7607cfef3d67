package custody_test

import (
	"errors"
	"testing"

	"usersig"
	"usersig/server/internal/custody"
)

// TestCheck: only the KEK that sealed it opens a check, it can be put under a new primary
// key, and it is no key of anybody's.
func TestCheck(t *testing.T) {
	path := newFile(t)
	kek, other := openFile(t, path), openFile(t, newFile(t))
	sealed, err := custody.SealCheck(t.Context(), kek)
	if err != nil {
		t.Fatal(err)
	}
	if err := custody.OpenCheck(t.Context(), kek, sealed); err != nil {
		t.Errorf("OpenCheck = %v", err)
	}
	if err := custody.OpenCheck(t.Context(), other, sealed); !errors.Is(err, custody.ErrKEK) {
		t.Errorf("OpenCheck with another KEK = %v, want %v", err, custody.ErrKEK)
	}
	if got, err := custody.Open(t.Context(), kek, 0, custody.CheckID, sealed); got != nil || !errors.Is(err, custody.ErrSealed) {
		t.Errorf("Open of a check = %v, %v", got, err)
	}
	if err := custody.AddKey(path); err != nil {
		t.Fatal(err)
	}
	newer := openFile(t, path)
	if needed, err := custody.NeedsRewrap(t.Context(), newer, 0, custody.CheckID, sealed); !needed || err != nil {
		t.Errorf("NeedsRewrap = %v, %v", needed, err)
	}
	anew, err := custody.Rewrap(t.Context(), newer, 0, custody.CheckID, sealed)
	if err != nil {
		t.Fatal(err)
	}
	if err := custody.OpenCheck(t.Context(), newer, anew); err != nil {
		t.Errorf("OpenCheck after a rewrap = %v", err)
	}
}

// TestCheckIsNoKey: a sealed key is no check, though the KEK opens it.
func TestCheckIsNoKey(t *testing.T) {
	kek := openFile(t, newFile(t))
	key, err := usersig.GenerateSecret()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := custody.Seal(t.Context(), kek, 0, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][]byte{sealed, nil, []byte("x")} {
		if err := custody.OpenCheck(t.Context(), kek, wrong); !errors.Is(err, custody.ErrSealed) {
			t.Errorf("OpenCheck of %d bytes = %v, want %v", len(wrong), err, custody.ErrSealed)
		}
	}
}

package usersig_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"usersig"
)

// TestZeroValues: what was not made by its constructor refuses, and does not panic.
func TestZeroValues(t *testing.T) {
	for name, key := range map[string]usersig.SigningKey{"private key": new(usersig.PrivateKey), "secret": new(usersig.Secret)} {
		if _, err := usersig.NewSigner(testApp, key, nil); !errors.Is(err, usersig.ErrInvalidKey) {
			t.Errorf("NewSigner with an empty %s = %v", name, err)
		}
	}
	if token, err := new(usersig.Signer).Sign(usersig.Claims{UserID: "alice", TTL: time.Hour}); token != "" || !errors.Is(err, usersig.ErrInvalidOptions) {
		t.Errorf("zero Signer: %q, %v", token, err)
	}
	if who, err := new(usersig.Verifier).Verify(t.Context(), "token", "alice"); who.IsValid() || !errors.Is(err, usersig.ErrNoKey) {
		t.Errorf("zero Verifier: %v, %v", who, err)
	}
}

// TestCopiedSecretPrintsNothing: fmt does not ask a copy how it wants to be printed.
func TestCopiedSecretPrintsNothing(t *testing.T) {
	secret, err := usersig.ParseSecret([]byte(testSecret))
	if err != nil {
		t.Fatal(err)
	}
	numbers := strings.Trim(fmt.Sprint([]byte(testSecret)), "[]")
	copied := reflect.ValueOf(secret).Elem().Interface() // past go vet, which warns of it
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%t", "%d", "%p"} {
		for _, arg := range []any{copied, []any{copied}, map[string]any{"k": copied}} {
			text := fmt.Sprintf(verb, arg)
			if strings.Contains(text, testSecret) || strings.Contains(text, numbers) || strings.Contains(text, fmt.Sprintf("%x", testSecret)) {
				t.Errorf("%s prints the secret: %.200s", verb, text)
			}
		}
	}
}

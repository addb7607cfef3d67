package usersig_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usersig"
)

// consoleVectors holds genuine demo configs of Tencent's console and the public
// keys that verify them. Others published those tokens, so they stay outside this
// repository.
const consoleVectors = "../shared/vectors/console"

// TestConsole verifies what Tencent's own console issued in 2018 and 2019.
func TestConsole(t *testing.T) {
	keys, _ := filepath.Glob(filepath.Join(consoleVectors, "app-*.public_key.pem"))
	if len(keys) == 0 {
		t.Logf("LOUD: no console tokens in %s, so they were not verified; only who has them can", consoleVectors)
		return
	}
	for _, name := range keys {
		base := strings.TrimSuffix(name, ".public_key.pem")
		t.Run(filepath.Base(base), func(t *testing.T) { checkConsole(t, base) })
	}
}

func checkConsole(t *testing.T, base string) {
	pem, err := os.ReadFile(base + ".public_key.pem")
	if err != nil {
		t.Fatal(err)
	}
	key, err := usersig.ParsePublicKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(base + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		SDKAppID uint32
		Users    []struct{ UserID, UserToken string }
	}
	if err := json.Unmarshal(data, &config); err != nil || len(config.Users) == 0 {
		t.Fatalf("%v, %d users", err, len(config.Users))
	}
	for _, u := range config.Users {
		said, err := usersig.Inspect(u.UserToken)
		if err != nil {
			t.Fatal(err)
		}
		v, err := usersig.NewVerifier(config.SDKAppID, []usersig.VerifyingKey{key},
			&usersig.VerifierOptions{Clock: at(said.IssuedAt.Unix() + 3600)})
		if err != nil {
			t.Fatal(err)
		}
		who, err := v.Verify(t.Context(), u.UserToken, u.UserID)
		if err != nil || who.ExpiresAt().Unix()-who.IssuedAt().Unix() != 15552000 {
			t.Errorf("%s: %v, %v, want a token of 180 days", u.UserID, who.LogValue(), err)
		}
	}
}

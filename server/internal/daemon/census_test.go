package daemon

import (
	"testing"

	"usersig"
)

// A key that was imported to verify only is no rotation that somebody has not finished.
func TestCensusOfImportedKeys(t *testing.T) {
	r := start(t, fresh(t, t.TempDir()), Options{})
	own, err := usersig.GenerateKey(usersig.P256)
	if err != nil {
		t.Fatal(err)
	}
	r.must("POST", r.hosted()+"/keys", object{"public_key": string(own.Public().EncodePEM())})
	_, keys := r.state.census(t.Context())
	if keys["next"] != 0 || keys["verifying"] != 1 || keys["signing"] != 1 {
		t.Errorf("the census is %v", keys)
	}
}

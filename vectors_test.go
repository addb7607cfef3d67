package usersig_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usersig"
)

// vectors is a file of testdata/vectors: tokens, what to ask of them, and what must
// come out. docs/format.md describes the file for other implementations.
type vectors struct {
	Keys    map[string]vectorKey
	Vectors []vector
}

type vectorKey struct{ Public, Secret string }

type vector struct {
	Name, Why, Key, Purpose, User, Token string
	App                                  uint32
	Now                                  int64
	Want                                 struct {
		Key      string // why the key is refused, if it is
		Code     int
		IssuedAt int64 `json:"issued_at"`
		TTL      int64
		UserBuf  string
		Room     usersig.Room
		Allow    usersig.Privilege
	}
}

func readVectors(t testing.TB, name string) vectors {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (k vectorKey) parse() (usersig.VerifyingKey, error) {
	if k.Secret != "" {
		return usersig.ParseSecret([]byte(k.Secret))
	}
	return usersig.ParsePublicKey([]byte(k.Public))
}

// check verifies the vector's token for the vector's purpose.
func (v *vector) check(t testing.TB, key usersig.VerifyingKey) (usersig.Verified, error) {
	t.Helper()
	verifier, err := usersig.NewVerifier(v.App, []usersig.VerifyingKey{key}, &usersig.VerifierOptions{Clock: at(v.Now)})
	if err != nil {
		t.Fatal(err)
	}
	switch v.Purpose {
	case "privatemapkey":
		return verifier.VerifyPrivateMapKey(t.Context(), v.Token, v.User, v.Want.Room)
	case "userbuf":
		return verifier.VerifyUserBuf(t.Context(), v.Token, v.User)
	default:
		return verifier.Verify(t.Context(), v.Token, v.User)
	}
}

// at returns a clock that stands at a Unix time.
func at(sec int64) func() time.Time {
	return func() time.Time { return time.Unix(sec, 0) }
}

func TestVectors(t *testing.T) {
	for _, file := range []string{"issued.json", "hostile.json"} {
		set := readVectors(t, file)
		for _, v := range set.Vectors {
			t.Run(file+"/"+v.Name, func(t *testing.T) {
				key, err := set.Keys[v.Key].parse()
				if v.Want.Key != "" {
					if err == nil || !strings.Contains(err.Error(), v.Want.Key) {
						t.Errorf("parse key = %v, want an error that names %s", err, v.Want.Key)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				who, err := v.check(t, key)
				if code := usersig.Code(err); code != v.Want.Code {
					t.Fatalf("%s: code %d (%v), want %d", v.Why, code, err, v.Want.Code)
				}
				if err == nil {
					v.compare(t, who)
				} else if who.IsValid() || who.UserID() != "" {
					t.Errorf("a refusal came with %v", who)
				}
			})
		}
	}
}

func (v *vector) compare(t *testing.T, who usersig.Verified) {
	t.Helper()
	if who.UserID() != v.User || who.AppID() != v.App {
		t.Errorf("verified %s of %d, want %s of %d", who.UserID(), who.AppID(), v.User, v.App)
	}
	if got := who.IssuedAt().Unix(); got != v.Want.IssuedAt {
		t.Errorf("issued at %d, want %d", got, v.Want.IssuedAt)
	}
	// A PrivateMapKey ends by its own instant, which libraries take a second
	// before or after the time of issue.
	end := v.Want.IssuedAt + v.Want.TTL
	if got := who.ExpiresAt().Unix(); got != end && !(v.Purpose == "privatemapkey" && end-got >= 0 && end-got <= 1) {
		t.Errorf("expires at %d, want %d", got, end)
	}
	buf, _ := base64.StdEncoding.DecodeString(v.Want.UserBuf)
	if v.Purpose == "userbuf" && (!bytes.Equal(who.UserBuf(), buf) || who.UserBuf() == nil) {
		t.Errorf("user buffer %x, want %x", who.UserBuf(), buf)
	}
	if v.Purpose != "privatemapkey" {
		return
	}
	grant, err := who.Grant()
	if want := (usersig.Grant{Room: v.Want.Room, Allow: v.Want.Allow}); err != nil || grant != want {
		t.Errorf("grant %+v, %v, want %+v", grant, err, want)
	}
}

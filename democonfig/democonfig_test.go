package democonfig_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/democonfig"
)

var at = time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)

func newSigner(t *testing.T) (*usersig.Signer, *usersig.Verifier) {
	t.Helper()
	key, err := usersig.GenerateKey(usersig.P256)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := usersig.NewSigner(1400037025, key, &usersig.SignerOptions{Compress: true})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := usersig.NewVerifier(1400037025, []usersig.VerifyingKey{key.Public()},
		&usersig.VerifierOptions{Clock: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifier
}

func TestMarshalByteForByte(t *testing.T) {
	c := democonfig.Config{AppID: 1400037025, Users: []democonfig.User{
		{"iOS_trtc_01", "eJx1*-_"}, {"a<b>&c", "eJx2"},
	}}
	const want = `{"sdkappid":1400037025,"users":[{"userId":"iOS_trtc_01","userToken":"eJx1*-_"},{"userId":"a<b>&c","userToken":"eJx2"}]}`
	got, err := c.Marshal()
	if err != nil || string(got) != want {
		t.Errorf("Marshal() = %s, %v\nwant %s", got, err, want)
	}
}

func TestNew(t *testing.T) {
	signer, verifier := newSigner(t)
	for _, platform := range democonfig.Platforms() {
		c, err := democonfig.New(signer, platform, 4, democonfig.DefaultTTL, at)
		if err != nil || c.AppID != 1400037025 || len(c.Users) != 4 {
			t.Fatalf("New(%s) = application %d with %d users, %v", platform, c.AppID, len(c.Users), err)
		}
		for i, u := range c.Users {
			want := fmt.Sprintf("%s_trtc_%02d", platform, i+1)
			who, err := verifier.Verify(context.Background(), u.Token, want)
			if err != nil || u.UserID != want || who.ExpiresAt().Sub(at) != democonfig.DefaultTTL {
				t.Errorf("user %d is %s until %v, %v; want %s for 180 days", i, u.UserID, who.ExpiresAt(), err, want)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	signer, _ := newSigner(t)
	for _, c := range []struct {
		name, platform string
		users          int
		ttl            time.Duration
		want           string
	}{
		{"platform", "Linux", 4, time.Hour, `"Linux" is not a platform (they are: Android, iOS, Mac, Web, Win)`},
		{"platform in another case", "web", 4, time.Hour, "is not a platform"},
		{"no users", "Web", 0, time.Hour, "not from 1 to 99"},
		{"too many users", "Web", 100, time.Hour, "not from 1 to 99"},
		{"no lifetime", "Web", 4, 0, "less than a second"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := democonfig.New(signer, c.platform, c.users, c.ttl, at)
			if err == nil || !strings.Contains(err.Error(), c.want) || !reflect.DeepEqual(got, democonfig.Config{}) {
				t.Errorf("New = %v, %v; want nothing and %q", got, err, c.want)
			}
		})
	}
	if _, err := democonfig.New(signer, "Web", 4, 0, at); !errors.Is(err, usersig.ErrInvalidClaims) {
		t.Errorf("the signer's reason is lost: %v", err)
	}
}

func TestParse(t *testing.T) {
	signer, _ := newSigner(t)
	c, err := democonfig.New(signer, "Web", 99, time.Hour, at)
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"as written": text,
		"spaced":     bytes.ReplaceAll(append(text, "\r\n"...), []byte(":"), []byte(" :\n ")),
		"extra keys": bytes.ReplaceAll(text, []byte(`{"`), []byte(`{"new":[{}],"USERID":7,"`)),
	} {
		if got, err := democonfig.Parse(text); err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%s: Parse = %d users, %v", name, len(got.Users), err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const good = `{"sdkappid":1,"users":[{"userId":"a","userToken":"b"}]}`
	if _, err := democonfig.Parse([]byte(good)); err != nil {
		t.Fatalf("the text that the cases below damage is refused itself: %v", err)
	}
	swap := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "not a JSON object"},
		{"null", "null", "not a JSON object"},
		{"array", "[]", "not a JSON object"},
		{"cut off", good[:len(good)-1], "not a JSON object"},
		{"byte order mark", "\ufeff" + good, "not a JSON object"},
		{"two objects", good + good, "goes on"},
		{"rubbish behind", good + "x", "goes on"},
		{"too large", good + strings.Repeat(" ", 1<<20), "larger"},
		{"no sdkappid", swap("sdkappid", "app"), "sdkappid"},
		{"sdkappid in another case", swap("sdkappid", "SDKAppID"), "sdkappid"},
		{"sdkappid 0", swap(":1,", ":0,"), "sdkappid"},
		{"sdkappid negative", swap(":1,", ":-1,"), "sdkappid"},
		{"sdkappid past 32 bits", swap(":1,", ":4294967296,"), "sdkappid"},
		{"sdkappid as text", swap(":1,", `:"1",`), "sdkappid"},
		{"no users", swap("users", "Users"), "users is"},
		{"users empty", `{"sdkappid":1,"users":[]}`, "users is"},
		{"users null", `{"sdkappid":1,"users":null}`, "users is"},
		{"a user is text", `{"sdkappid":1,"users":["a"]}`, "users is"},
		{"a user is null", `{"sdkappid":1,"users":[null]}`, "user 1"},
		{"no userId", swap("userId", "userID"), "user 1"},
		{"no userToken", swap("userToken", "userSig"), "user 1"},
		{"empty userId", swap(`"a"`, `""`), "user 1"},
		{"empty userToken", swap(`"b"`, `""`), "user 1"},
		{"userToken a number", swap(`"b"`, `7`), "user 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := democonfig.Parse([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) || !reflect.DeepEqual(got, democonfig.Config{}) {
				t.Errorf("Parse = %+v, %v; want nothing and %q", got, err, c.want)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	all := fmt.Sprint(democonfig.Places())
	for _, want := range []string{"Android", "iOS", "Mac", "Web", "Win", "mini-program"} {
		if !strings.Contains(all, want) {
			t.Errorf("Places() = %s, without %s", all, want)
		}
	}
}

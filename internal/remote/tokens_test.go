package remote_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/internal/remote"
)

var signer = func() *usersig.Signer {
	secret, err := usersig.ParseSecret([]byte(strings.Repeat("0123456789abcdef", 4)))
	if err != nil {
		panic(err)
	}
	s, err := usersig.NewSigner(app, secret, nil)
	if err != nil {
		panic(err)
	}
	return s
}()

func sign(t *testing.T, c usersig.Claims) string {
	t.Helper()
	c.TTL = time.Hour
	text, err := signer.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestIssue(t *testing.T) {
	grant := usersig.Grant{Room: usersig.Room{Name: "lobby"}, Allow: 0}
	c, got, _ := serve(t, func(w http.ResponseWriter, r asked, _ int) {
		if strings.HasSuffix(r.URL.Path, "privatemapkeys") {
			reply(w, 200, "application/json", `{"privatemapkey":"`+sign(t, usersig.Claims{UserID: "alice", Grant: &grant})+`","key_id":"k"}`)
			return
		}
		reply(w, 200, "application/json", `{"usersig":"`+sign(t, usersig.Claims{UserID: "alice"})+`","key_id":"k"}`)
	})
	u, err := c.IssueUserSig(t.Context(), app, "alice", 0)
	if err != nil || u.Value.UserID != "alice" || u.Value.KeyID != "k" || u.Value.ExpiresAt.Sub(u.Value.IssuedAt) != time.Hour {
		t.Errorf("%+v, %v", u.Value, err)
	}
	if _, err := c.IssuePrivateMapKey(t.Context(), app, "alice", time.Minute, grant); err != nil {
		t.Error(err)
	}
	if got()[0].body != `{"userid":"alice"}` || got()[1].body != `{"userid":"alice","ttl":60,"room":{"name":"lobby"},"allow":0}` {
		t.Errorf("sent %s and %s", got()[0].body, got()[1].body)
	}
	// What JSON would turn into another user ID is not sent.
	for _, do := range []func() error{
		func() error { _, err := c.IssueUserSig(t.Context(), app, "a\xff", 0); return err },
		func() error { _, err := c.IssueBatch(t.Context(), app, []string{"a\xff"}, 0); return err },
		func() error { _, err := c.Verify(t.Context(), app, remote.Question{UserID: "a\xff"}); return err },
	} {
		if err := do(); !errors.Is(err, usersig.ErrInvalidClaims) || len(got()) != 2 {
			t.Errorf("%v after %d requests", err, len(got()))
		}
	}
}

// A token that is not what was asked for goes to nobody.
func TestWrongToken(t *testing.T) {
	grant := usersig.Grant{Room: usersig.Room{ID: 1}, Allow: usersig.JoinRoom}
	other := usersig.Grant{Room: usersig.Room{ID: 2}, Allow: usersig.JoinRoom}
	alice, bob := sign(t, usersig.Claims{UserID: "alice"}), sign(t, usersig.Claims{UserID: "bob"})
	for _, text := range []string{`{}`, `{"usersig":"eJx"}`, `{"usersig":"` + bob + `"}`, `{"usersig":"` + sign(t, usersig.Claims{UserID: "alice", Grant: &grant}) + `"}`} {
		c, _, _ := serve(t, says(text))
		_, err := c.IssueUserSig(t.Context(), app, "alice", 0)
		fault(t, err, remote.WrongToken)
	}
	c, _, _ := serve(t, says(`{"usersig":"`+alice+`"}`))
	_, err := c.IssueUserSig(t.Context(), app+1, "alice", 0)
	fault(t, err, remote.WrongToken)
	for _, text := range []string{`{"privatemapkey":"` + alice + `"}`, `{"privatemapkey":"` + sign(t, usersig.Claims{UserID: "alice", Grant: &other}) + `"}`} {
		c, _, _ := serve(t, says(text))
		_, err := c.IssuePrivateMapKey(t.Context(), app, "alice", 0, grant)
		fault(t, err, remote.WrongToken)
	}
	for _, text := range []string{`{}`, `{"items":[{"usersig":"` + alice + `"}]}`, `{"items":[{"usersig":"` + bob + `"},{"usersig":"` + alice + `"}]}`} {
		c, _, _ := serve(t, says(text))
		_, err := c.IssueBatch(t.Context(), app, []string{"alice", "bob"}, 0)
		fault(t, err, remote.WrongToken)
	}
	for _, text := range []string{`{}`, `{"sdkappid":1400000000,"users":[]}`, `{"sdkappid":1400000000,"users":[{"userId":"Web_trtc_01","userToken":"` + alice + `"}]}`} {
		c, _, _ := serve(t, says(text))
		_, err := c.DemoConfig(t.Context(), app, "Web", 1, 0)
		fault(t, err, remote.WrongToken)
	}
}

func TestBatchAndDemoConfig(t *testing.T) {
	alice, bob := sign(t, usersig.Claims{UserID: "alice"}), sign(t, usersig.Claims{UserID: "bob"})
	config := `{"sdkappid":1400000000,"users":[{"userId":"alice","userToken":"` + alice + `"}]}`
	c, got, _ := serve(t, func(w http.ResponseWriter, r asked, _ int) {
		if strings.HasSuffix(r.URL.Path, "demo-config") {
			reply(w, 200, "application/json", config)
			return
		}
		reply(w, 200, "application/json", `{"items":[{"usersig":"`+alice+`"},{"usersig":"`+bob+`"}]}`)
	})
	made, err := c.IssueBatch(t.Context(), app, []string{"alice", "bob"}, time.Hour)
	if err != nil || len(made) != 2 || made[1].UserSig != bob || made[1].UserID != "bob" {
		t.Errorf("%+v, %v", made, err)
	}
	text, err := c.DemoConfig(t.Context(), app, "Web", 1, time.Hour)
	if err != nil || string(text) != config {
		t.Errorf("%s, %v", text, err)
	}
	if r := got()[0]; r.RequestURI != "/v1/apps/1400000000/usersigs:batch" || r.body != `{"ttl":3600,"items":[{"userid":"alice"},{"userid":"bob"}]}` {
		t.Errorf("sent %s %s", r.RequestURI, r.body)
	}
	if r := got()[1]; r.body != `{"platform":"Web","users":1,"ttl":3600}` {
		t.Errorf("sent %s", r.body)
	}
	for _, do := range []func(*remote.Client) error{
		func(c *remote.Client) error { _, err := c.IssueBatch(t.Context(), app, []string{"a"}, 0); return err },
		func(c *remote.Client) error { _, err := c.DemoConfig(t.Context(), app, "Web", 1, 0); return err },
		func(c *remote.Client) error { _, err := c.Verify(t.Context(), app, remote.Question{}); return err },
		func(c *remote.Client) error {
			_, err := c.IssuePrivateMapKey(t.Context(), app, "a", 0, usersig.Grant{})
			return err
		},
		func(c *remote.Client) error { return c.Audit(t.Context(), 0, nil) },
		func(c *remote.Client) error { return c.Follow(t.Context(), 0, 0, nil) },
	} {
		c, _, _ := serve(t, func(w http.ResponseWriter, _ asked, _ int) { problem(w, 403, `{"reason":"denied"}`) })
		if p, ok := errors.AsType[*remote.Problem](do(c)); !ok || p.Reason != "denied" {
			t.Error("a denial is not told")
		}
	}
}

func TestVerify(t *testing.T) {
	q := remote.Question{Token: "t", UserID: "alice", Purpose: "privatemapkey", Room: &usersig.Room{ID: 7}}
	const good = `{"ok":true,"sdkappid":1400000000,"userid":"alice","scheme":"hmac","grant":{"room":{"id":7},"allow":3},"room_checked":true}`
	c, got, _ := serve(t, says(good))
	v, err := c.Verify(t.Context(), app, q)
	if err != nil || !v.Value.OK || v.Value.Grant.Room.ID != 7 || !*v.Value.RoomChecked || v.Value.Scheme != "hmac" {
		t.Errorf("%+v, %v", v.Value, err)
	}
	if r := got()[0]; r.body != `{"token":"t","userid":"alice","purpose":"privatemapkey","room":{"id":7}}` {
		t.Errorf("sent %s", r.body)
	}
	c, _, _ = serve(t, says(`{"ok":false,"refusal":{"code":70052,"reason":"revoked"}}`))
	if v, err := c.Verify(t.Context(), app, q); err != nil || v.Value.OK || !errors.Is(v.Value.Refusal, usersig.ErrRevoked) {
		t.Errorf("%+v, %v", v.Value, err)
	}
	// An answer that says nothing, or something else, is no good verdict.
	for _, bad := range []string{`{}`, `{"ok":false}`, `{"ok":true,"refusal":{}}`, strings.Replace(good, "alice", "bob", 1), strings.Replace(good, "1400000000", "1", 1), `{"ok":"true"}`} {
		c, _, _ := serve(t, says(bad))
		_, err := c.Verify(t.Context(), app, q)
		fault(t, err, remote.NotOurs)
	}
}

package e2e

import (
	"net/http"
	"testing"
	"time"
)

// signIn is an application whose users sign in at a provider.
type signIn struct {
	t        *testing.T
	d        *daemon
	operator *client
	app      string
}

// as returns the API's reply to whoever has an ID token and wants a UserSig.
func (s *signIn) as(idToken string, wish object) reply {
	s.t.Helper()
	return s.d.client(idToken).send(s.t, "POST", s.app+"/usersigs", wish)
}

func (s *signIn) want(status int, what, idToken string) {
	s.t.Helper()
	if r := s.as(idToken, object{}); r.status != status {
		s.t.Errorf("%s gets %d %s, want %d", what, r.status, r.body, status)
	}
}

// TestOpenIDConnect: a user who has signed in at a real provider gets a UserSig for
// themself and for nobody else.
func TestOpenIDConnect(t *testing.T) {
	t.Parallel() // with the other test whose figures are not times
	web := startSite(t)
	p := startProvider(t, web.redirect())
	n := made(t, unlimited)
	s := &signIn{t: t, d: n.start()}
	s.operator = s.d.client(n.operator())
	s.app = s.operator.hosted(t, object{"oidc": object{"issuer": p.issuer, "audience": "web"}})

	alice := web.logIn(p, "web", "test-user@127.0.0.1") // whose ID is id1
	s.ownOnly(alice)
	bob := web.logIn(p, "web", "test-user2")
	if got := s.as(bob, object{}).object(t)["userid"]; got != "id2" {
		t.Errorf("the second user's UserSig is for %v, want id2", got)
	}
	s.want(http.StatusUnauthorized, "a token for another client of the provider", web.logIn(p, "other", "test-user2"))
	p.live(-time.Minute)
	s.want(http.StatusUnauthorized, "a token that has expired", web.logIn(p, "web", "test-user2"))
	p.live(time.Hour)
	s.elsewhere(alice)
	s.rotation(p, web, alice)
}

// ownOnly: the UserSig is theirs and good, another's is refused.
func (s *signIn) ownOnly(alice string) {
	t := s.t
	t.Helper()
	for _, wish := range []object{{}, {"userid": "id1"}} {
		got := s.as(alice, wish).object(t)
		if got["userid"] != "id1" {
			t.Fatalf("the user's UserSig is %v, want one for id1", got)
		}
		if verdict := s.operator.verdict(t, s.app, "id1", got["usersig"].(string)); verdict != "ok" {
			t.Errorf("the user's UserSig is %s", verdict)
		}
	}
	r := s.as(alice, object{"userid": "id2"})
	if r.status != http.StatusForbidden || r.object(t)["reason"] != "denied" {
		t.Errorf("another user's UserSig: %d %s, want 403", r.status, r.body)
	}
	last := s.operator.must(t, "GET", s.app+"/audit?limit=200", nil)["entries"].([]any)
	if e := last[len(last)-1].(object); e["caller"] != "user:id1" || e["outcome"] != "denied" || e["subject"] != "id2" {
		t.Errorf("the audit log ends with %v, want the denial", e)
	}
}

// elsewhere: the token is good for nothing else.
func (s *signIn) elsewhere(alice string) {
	t := s.t
	t.Helper()
	c := s.d.client(alice)
	plain := s.operator.hosted(t, nil)
	for _, r := range []struct {
		method, path string
		body         object
	}{
		{"POST", plain + "/usersigs", object{}}, // no provider was named for this one
		{"POST", s.app + "/usersigs:batch", object{"items": []object{{"userid": "id1"}}}},
		{"POST", s.app + "/privatemapkeys", object{"userid": "id1", "room": object{"id": 1}}},
		{"GET", s.app, nil},
		{"GET", "/v1/me", nil},
	} {
		var body any
		if r.body != nil {
			body = r.body
		}
		if got := c.send(t, r.method, r.path, body).status; got != http.StatusUnauthorized {
			t.Errorf("%s %s with an ID token = %d, want 401", r.method, r.path, got)
		}
	}
}

// rotation: when the provider signs with a new key and withdraws the old one, tokens of
// the new one are taken soon, and then those of the old one no more. Keys are not asked
// for more often than every 15 seconds, or strangers with made-up tokens would aim the
// daemon at the provider.
func (s *signIn) rotation(p *provider, web *site, old string) {
	t := s.t
	t.Helper()
	p.rotate(t)
	fresh := web.logIn(p, "web", "test-user@127.0.0.1")
	took := eventually(t, 20*time.Second, "a token of the provider's new key", func() bool {
		return s.as(fresh, object{}).status == http.StatusOK
	})
	t.Logf("a token of the provider's new key was taken after %v", took.Round(time.Millisecond))
	s.want(http.StatusUnauthorized, "a token of the provider's withdrawn key", old)
}

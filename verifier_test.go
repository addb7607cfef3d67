package usersig_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"usersig"
)

func TestNewVerifierRefuses(t *testing.T) {
	public, secret := publicOf(t, keyP256), secretOf(t, testSecret)
	var nine []usersig.VerifyingKey
	for n := range usersig.MaxKeys + 1 {
		nine = append(nine, secretOf(t, fmt.Sprintf("secret number %d", n)))
	}
	keys := func(k ...usersig.VerifyingKey) []usersig.VerifyingKey { return k }
	for name, c := range map[string]struct {
		app  uint32
		keys []usersig.VerifyingKey
		opts *usersig.VerifierOptions
		want usersig.Error
		part string
	}{
		"application 0":       {0, keys(public), nil, usersig.ErrInvalidOptions, "SDKAppID is 0"},
		"negative MaxAge":     {testApp, keys(public), &usersig.VerifierOptions{MaxAge: -1}, usersig.ErrInvalidOptions, "MaxAge is negative or less than a second"},
		"MaxAge of 999 ms":    {testApp, keys(public), &usersig.VerifierOptions{MaxAge: time.Second - 1}, usersig.ErrInvalidOptions, "MaxAge is negative or less than a second"},
		"no keys":             {testApp, nil, nil, usersig.ErrInvalidKey, "no keys to verify with"},
		"nine keys":           {testApp, nine, nil, usersig.ErrInvalidKey, "9 keys, the most is 8"},
		"nil":                 {testApp, keys(public, nil), nil, usersig.ErrInvalidKey, "a key is nil"},
		"nil public key":      {testApp, keys((*usersig.PublicKey)(nil)), nil, usersig.ErrInvalidKey, "a key is nil"},
		"nil secret":          {testApp, keys((*usersig.Secret)(nil)), nil, usersig.ErrInvalidKey, "a key is nil"},
		"nil retired":         {testApp, keys(usersig.RetireAt(nil, time.Unix(1, 0))), nil, usersig.ErrInvalidKey, "a key is nil"},
		"empty public key":    {testApp, keys(new(usersig.PublicKey)), nil, usersig.ErrInvalidKey, "a key is nil or empty"},
		"empty secret":        {testApp, keys(new(usersig.Secret)), nil, usersig.ErrInvalidKey, "a key is nil or empty"},
		"Leeway of 999 ms":    {testApp, keys(public), &usersig.VerifierOptions{Leeway: time.Second - 1}, usersig.ErrInvalidOptions, "Leeway"},
		"Leeway over a day":   {testApp, keys(public), &usersig.VerifierOptions{Leeway: usersig.MaxLeeway + 1}, usersig.ErrInvalidOptions, "Leeway"},
		"nil secret retired":  {testApp, keys(usersig.RetireAt((*usersig.Secret)(nil), time.Unix(1, 0))), nil, usersig.ErrInvalidKey, "a key is nil"},
		"public key twice":    {testApp, keys(public, secret, publicOf(t, keyP256)), nil, usersig.ErrInvalidKey, "key " + public.ID() + " is given twice"},
		"secret twice":        {testApp, keys(secret, secretOf(t, testSecret+"\n")), nil, usersig.ErrInvalidKey, "is given twice"},
		"twice, once retired": {testApp, keys(public, usersig.RetireAt(public, time.Unix(1, 0))), nil, usersig.ErrInvalidKey, "is given twice"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := usersig.NewVerifier(c.app, c.keys, c.opts)
			if v != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.part) {
				t.Errorf("%v, %v, want %v: %s", v, err, c.want, c.part)
			}
		})
	}
	if _, err := usersig.NewVerifier(testApp, nine[:usersig.MaxKeys], nil); err != nil {
		t.Errorf("eight keys: %v", err)
	}
}

// TestManyKeys: any of the keys will do, whatever its place, and is named.
func TestManyKeys(t *testing.T) {
	var keys []usersig.VerifyingKey
	for n := range 4 {
		keys = append(keys, secretOf(t, fmt.Sprintf("secret number %d", n)), publicOf(t, fixedKey(byte(10+n))))
	}
	v := verifierOf(t, nil, keys...)
	for n := range 4 {
		for _, f := range []*forgery{forge2(fmt.Sprintf("secret number %d", n)), forge1(fixedKey(byte(10 + n)))} {
			who, err := v.Verify(t.Context(), f.token(), "alice")
			want := keys[2*n].ID()
			if !f.v2 {
				want = keys[2*n+1].ID()
			}
			if err != nil || who.KeyID() != want {
				t.Errorf("key %d: %v, %v, want %s", n, who.KeyID(), err, want)
			}
		}
	}
}

// TestRetireAt looks at the very instant, which is no longer the key's.
func TestRetireAt(t *testing.T) {
	instant := time.Unix(testTime+100, 0)
	for name, c := range map[string]struct {
		token string
		key   usersig.VerifyingKey
		want  string
	}{
		"public key": {forge1(keyP256).token(), publicOf(t, keyP256), "a public_key for an ECDSA token (v1) is known, but it is retired"},
		"secret":     {forge2(testSecret).token(), secretOf(t, testSecret), "a SECRETKEY for an HMAC token (v2) is known, but it is retired"},
	} {
		t.Run(name, func(t *testing.T) {
			ask := func(key usersig.VerifyingKey, now time.Time) (usersig.Verified, error) {
				v := verifierOf(t, &usersig.VerifierOptions{Clock: func() time.Time { return now }}, key)
				return v.Verify(t.Context(), c.token, "alice")
			}
			later := instant.Add(time.Hour)
			for what, key := range map[string]usersig.VerifyingKey{
				"plain": usersig.RetireAt(c.key, instant), "earlier inside": usersig.RetireAt(usersig.RetireAt(c.key, instant), later),
				"earlier outside": usersig.RetireAt(usersig.RetireAt(c.key, later), instant),
			} {
				if key.ID() != c.key.ID() {
					t.Errorf("%s: ID %s, want %s", what, key.ID(), c.key.ID())
				}
				if who, err := ask(key, instant.Add(-1)); err != nil || who.KeyID() != c.key.ID() {
					t.Errorf("%s, before: %v", what, err)
				}
				for _, now := range []time.Time{instant, instant.Add(1), later, later.Add(time.Hour)} {
					who, err := ask(key, now)
					wantRefusal(t, who, err, usersig.ErrNoKey, c.want)
				}
			}
			// A time that was left out is one long past, not one that never comes.
			who, err := ask(usersig.RetireAt(c.key, time.Time{}), instant)
			wantRefusal(t, who, err, usersig.ErrNoKey, c.want)
		})
	}
	// With another key of the scheme the answer is that no key fits.
	v := verifierOf(t, nil, usersig.RetireAt(publicOf(t, keyP256), time.Unix(1, 0)), publicOf(t, otherKey))
	who, err := v.Verify(t.Context(), forge1(keyP256).token(), "alice")
	wantRefusal(t, who, err, usersig.ErrSignature, "")
	wantAlice(t, v, forge1(otherKey).token())
}

func TestRevoked(t *testing.T) {
	token := forge2(testSecret).token()
	down := errors.New("the database is down")
	ask := func(answer error) (usersig.Verified, error) {
		v := verifierOf(t, &usersig.VerifierOptions{Revoked: func(context.Context, usersig.Verified) error { return answer }})
		return v.Verify(t.Context(), token, "alice")
	}
	if who, err := ask(nil); err != nil || !who.IsValid() {
		t.Errorf("nil: %v", err)
	}
	who, err := ask(usersig.ErrRevoked)
	wantRefusal(t, who, err, usersig.ErrRevoked, "token was revoked")
	who, err = ask(fmt.Errorf("until tomorrow: %w", usersig.ErrBlocked))
	wantRefusal(t, who, err, usersig.ErrBlocked, "user is blocked")
	who, err = ask(down)
	if who.IsValid() || !errors.Is(err, down) || usersig.Code(err) != -1 || !strings.Contains(err.Error(), "cannot tell whether the token is revoked: ") {
		t.Errorf("another error: %v, %v", who.LogValue(), err)
	}
	if _, is := usersig.RefusalOf(err); is {
		t.Errorf("%v counts as a refusal", err)
	}
}

type contextKey struct{}

// TestRevokedIsAskedLast: only about what passed all else, and with what was verified.
func TestRevokedIsAskedLast(t *testing.T) {
	ctx := context.WithValue(t.Context(), contextKey{}, "mine")
	var calls []usersig.Verified
	v := verifierOf(t, &usersig.VerifierOptions{Revoked: func(got context.Context, who usersig.Verified) error {
		if got.Value(contextKey{}) != "mine" {
			t.Error("another context")
		}
		calls = append(calls, who)
		return nil
	}})
	for _, f := range forgers {
		calls = nil
		tk := testTicket
		for _, refused := range []string{
			"", "!", forge1(otherKey).token(), f.make().user("bob").token(), f.make().times(0, 1).token(), f.make().times(1<<40, 1).token(),
			f.make().userBuf([]byte("x")).token(), f.make().set(f.make().app(), f.make().number(7)).token(),
		} {
			if _, err := v.Verify(ctx, refused, "alice"); err == nil {
				t.Errorf("%q verifies", refused)
			}
		}
		if _, err := v.VerifyPrivateMapKey(ctx, f.make().userBuf(ticketOf(tk)).token(), "alice", usersig.Room{ID: 7}); err == nil {
			t.Error("another room")
		}
		if len(calls) != 0 {
			t.Errorf("%s: asked about %v", f.name, calls)
		}
		who, err := v.Authenticate(ctx, f.make().token())
		if err != nil || len(calls) != 1 || calls[0].UserID() != "alice" || calls[0].KeyID() != who.KeyID() || calls[0].Purpose() != usersig.UserSig {
			t.Errorf("%s: %v, asked about %v", f.name, err, calls)
		}
		if _, err := v.VerifyPrivateMapKey(ctx, f.make().userBuf(ticketOf(tk)).token(), "alice", tk.room()); err != nil {
			t.Error(err)
		}
		if grant, err := calls[1].Grant(); err != nil || grant.Room != tk.room() {
			t.Errorf("%s: asked about %v, %v", f.name, grant, err)
		}
	}
}

// TestVerifiedIsACopy: what the caller does with a user buffer stays with the caller.
func TestVerifiedIsACopy(t *testing.T) {
	v := verifierOf(t, nil)
	token := forge2(testSecret).userBuf([]byte("hello")).token()
	who, err := v.VerifyUserBuf(t.Context(), token, "alice")
	if err != nil {
		t.Fatal(err)
	}
	copy(who.UserBuf(), "XXXXX")
	if _, err := v.VerifyUserBuf(t.Context(), forge2(testSecret).userBuf([]byte("other")).token(), "alice"); err != nil {
		t.Fatal(err)
	}
	if string(who.UserBuf()) != "hello" || who.UserID() != "alice" {
		t.Errorf("%q, %q", who.UserBuf(), who.UserID())
	}
	said, err := usersig.Inspect(token)
	if err != nil || string(said.UserBuf) != "hello" {
		t.Errorf("%+v, %v", said, err)
	}
}

func TestVerifiedLog(t *testing.T) {
	who, err := verifierOf(t, nil).Verify(t.Context(), forge2(testSecret).token(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("welcome", "who", who)
	for _, part := range []string{`"sdkappid":1400000000`, `"userid":"alice"`, `"issued_at":"2026-11-23T09:26:40Z"`, `"expires_at":"2026-11-24T09:26:40Z"`, `"key_id":"` + who.KeyID()} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("%s is not in %s", part, b.String())
		}
	}
	if zero := (usersig.Verified{}); zero.IsValid() || zero.UserBuf() != nil || zero.Purpose() != 0 || zero.Scheme() != 0 {
		t.Errorf("the zero value is %v", zero)
	}
	if grant, err := (usersig.Verified{}).Grant(); !errors.Is(err, usersig.ErrNoGrant) || grant != (usersig.Grant{}) {
		t.Errorf("%v, %v", grant, err)
	}
}

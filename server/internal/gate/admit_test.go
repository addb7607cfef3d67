package gate_test

import (
	"testing"

	"usersig"
	"usersig/server/internal/gate"
	"usersig/server/internal/issuer"
)

func TestAdmit(t *testing.T) {
	other := usersig.Room{Name: "100"}
	for _, one := range []struct {
		name   string
		change func(w *world, c *gate.Credential)
		want   error
		rights gate.Rights
	}{
		{"a UserSig", func(*world, *gate.Credential) {}, nil, 255},
		{"with a PrivateMapKey", func(w *world, c *gate.Credential) {
			c.PrivateMapKey = w.issue("alice", &usersig.Grant{Room: lobby, Allow: 42})
		}, nil, 42},
		{"for another room", func(w *world, c *gate.Credential) {
			c.PrivateMapKey = w.issue("alice", &usersig.Grant{Room: other, Allow: 255})
		}, usersig.ErrNoGrant, 0},
		{"for somebody else", func(w *world, c *gate.Credential) {
			c.PrivateMapKey = w.issue("bob", &usersig.Grant{Room: lobby, Allow: 255})
		}, usersig.ErrUserMismatch, 0},
		{"without the right to enter", func(w *world, c *gate.Credential) {
			c.PrivateMapKey = w.issue("alice", &usersig.Grant{Room: lobby, Allow: 255 &^ usersig.JoinRoom})
		}, usersig.ErrNoRightEnter, 0},
		{"a PrivateMapKey for a UserSig", func(w *world, c *gate.Credential) {
			c.UserSig = w.issue("alice", &usersig.Grant{Room: lobby, Allow: 255})
		}, usersig.ErrPurpose, 0},
		{"a UserSig for a PrivateMapKey", func(w *world, c *gate.Credential) {
			c.PrivateMapKey = c.UserSig
		}, usersig.ErrNoGrant, 0},
		{"somebody else's", func(_ *world, c *gate.Credential) { c.UserID = "bob" }, usersig.ErrUserMismatch, 0},
		{"no application's", func(_ *world, c *gate.Credential) { c.App++ }, usersig.ErrAppUnknown, 0},
	} {
		t.Run(one.name, func(t *testing.T) {
			run(t, gate.Options{}, func(w *world) {
				c := w.credential("alice", nil)
				one.change(w, &c)
				p, err := w.enter(c)
				w.want(err, one.want)
				if p.Rights() != one.rights {
					t.Errorf("the rights are %d", p.Rights())
				}
				if err != nil && (p.AppID() != 0 || p.UserID() != "" || !p.ExpiresAt().IsZero()) {
					t.Errorf("beside a refusal there is a pass: %+v", p)
				}
			})
		})
	}
}

// TestAdmitNobody: what was not verified is nobody, and a PrivateMapKey proves nobody.
func TestAdmitNobody(t *testing.T) {
	run(t, gate.Options{}, func(w *world) {
		_, err := w.Admit(w.t.Context(), usersig.Verified{}, gate.Join{Room: lobby})
		w.want(err, usersig.ErrPurpose)
		ticket, err := w.svc.Verdict(w.t.Context(), w.app, issuer.Question{
			Token: w.issue("alice", &usersig.Grant{Room: lobby, Allow: 255}), UserID: "alice", Purpose: usersig.PrivateMapKey, Room: lobby,
		})
		w.want(err, nil)
		_, err = w.Admit(w.t.Context(), ticket, gate.Join{Room: lobby})
		w.want(err, usersig.ErrPurpose)
		// Somebody else's ticket, verified or not, opens nothing for bob.
		bob, err := w.svc.Verdict(w.t.Context(), w.app, issuer.Question{Token: w.issue("bob", nil), UserID: "bob"})
		w.want(err, nil)
		_, err = w.Admit(w.t.Context(), bob, gate.Join{Room: lobby, Ticket: ticket})
		w.want(err, usersig.ErrNoGrant)
		_, err = w.Admit(w.t.Context(), bob, gate.Join{Room: lobby, Ticket: bob})
		w.want(err, usersig.ErrNoGrant)
	})
}

// TestCarry: a pass is the same on the other node, and nothing else is one.
func TestCarry(t *testing.T) {
	run(t, gate.Options{}, func(w *world) {
		p := w.mustEnter("张三", &usersig.Grant{Room: lobby, Allow: 42 | usersig.CreateRoom})
		q, err := gate.Carried(p.Carry())
		if err != nil || q.Carry() != p.Carry() || q.UserID() != "张三" || q.Rights() != 43 || q.Room() != lobby || !q.ExpiresAt().Equal(p.ExpiresAt()) {
			t.Errorf("%+v, %v", q, err)
		}
		for _, text := range []string{"", "{}", "null", "x", `{"app":1,"user":"a","proofs":[]}`} {
			if _, err := gate.Carried(text); err == nil {
				t.Errorf("%q is a pass", text)
			}
		}
	})
}

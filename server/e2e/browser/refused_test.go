package browser_test

import (
	"testing"
	"time"

	"usersig"
)

// A visit is one try to enter.
type visit struct {
	config demoConfig
	want   want
}

// TestRefusedAtTheDoor: for each reason the user of the page is told what is wrong, under
// which code, and what to do.
func TestRefusedAtTheDoor(t *testing.T) {
	w := open(t, nil)
	var p *page
	for i, one := range []struct {
		name   string
		code   int
		reason string
		visit  func(a *app) visit
	}{
		{"expired", 70001, "expired", func(a *app) visit {
			v := visit{config: demoConfig{a.id, []user{{"alice", a.sig("alice", 60)}}}}
			a.w.Pass(3 * time.Minute)
			return v
		}},
		{"empty", 70002, "empty", func(a *app) visit { return visit{config: demoConfig{a.id, []user{{"alice", ""}}}} }},
		{"malformed", 70003, "malformed", func(a *app) visit {
			sig := a.sig("alice", 0)
			return visit{config: demoConfig{a.id, []user{{"alice", sig[:len(sig)/2]}}}}
		}},
		{"signature", 70009, "signature", func(a *app) visit {
			return visit{config: demoConfig{a.id, []user{{"alice", forged(a.w.T, a.id, "alice")}}}}
		}},
		{"not_yet_valid", 70010, "not_yet_valid", func(a *app) visit {
			own := a.w.ownApp()
			sig := sign(a.w.T, own.signer, usersig.Claims{UserID: "alice", TTL: time.Hour, IssuedAt: a.w.Now().Add(time.Hour)})
			return visit{config: demoConfig{own.id, []user{{"alice", sig}}}}
		}},
		{"user_mismatch", 70013, "user_mismatch", func(a *app) visit {
			return visit{config: demoConfig{a.id, []user{{"alice", a.sig("bob", 0)}}}}
		}},
		{"app_mismatch", 70014, "app_mismatch", func(a *app) visit {
			return visit{config: demoConfig{a.id, []user{{"alice", a.w.app(nil).sig("alice", 0)}}}}
		}},
		{"no_key", 70016, "no_key", func(a *app) visit {
			v := visit{config: a.config("alice")}
			a.w.Must("POST", a.path("/keys/%s/kill", a.keyID()), object{"reason": "leaked"})
			return v
		}},
		{"app_unknown", 70020, "app_unknown", func(a *app) visit {
			return visit{config: demoConfig{4294967295, []user{{"alice", a.sig("alice", 0)}}}}
		}},
		{"blocked", 70051, "blocked", func(a *app) visit {
			v := visit{config: a.config("alice")}
			a.block("alice")
			return v
		}},
		{"revoked", 70052, "revoked", func(a *app) visit {
			v := visit{config: a.config("alice")}
			a.w.Must("POST", a.path("/users/alice/revoke"), nil)
			return v
		}},
		{"ticket missing", -100006, "no_grant", func(a *app) visit {
			a.w.Must("PATCH", a.path(""), object{"settings": object{"require_privatemapkey": true}})
			return visit{config: a.config("alice")}
		}},
		{"ticket of another room", -100006, "no_grant", func(a *app) visit {
			return a.with(a.ticket("alice", usersig.Room{ID: 101}, usersig.AllPrivileges, 0))
		}},
		{"ticket of another user", 70013, "user_mismatch", func(a *app) visit {
			return a.with(a.ticket("bob", lobby, usersig.AllPrivileges, 0))
		}},
		{"ticket that is a UserSig", -100006, "no_grant", func(a *app) visit { return a.with(a.sig("alice", 0)) }},
		{"ticket expired", 70001, "expired", func(a *app) visit {
			v := a.with(a.ticket("alice", lobby, usersig.AllPrivileges, 60))
			a.w.Pass(3 * time.Minute)
			return v
		}},
		{"no right to create", -102010, "no_right_create", func(a *app) visit {
			return a.with(a.ticket("alice", lobby, usersig.Audience, 0))
		}},
		{"no right to enter", -102011, "no_right_enter", func(a *app) visit {
			return a.with(a.ticket("alice", lobby, usersig.AllPrivileges&^usersig.JoinRoom, 0))
		}},
	} {
		if i%9 == 0 { // Chromium slows a page down whose connections fail
			p = w.visit("/demo")
		}
		t.Run(one.name, func(t *testing.T) {
			w, p := w.in(t), p.in(t)
			v := one.visit(w.app(nil))
			p.anew()
			p.load(v.config)
			if v.want.room == (usersig.Room{}) {
				v.want.room = lobby
			}
			v.want.silent = true
			p.fill(v.want)
			p.click("enter")
			p.isRefused("#why", one.code, one.reason)
			if !eval[bool](p, `document.getElementById("call").hidden`) {
				t.Error("who was refused is shown a call")
			}
		})
	}
}

// TestTooManyFailures: who tries ten bad tokens in a minute is locked out, and told so.
func TestTooManyFailures(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	p := w.demo(demoConfig{a.id, []user{{"alice", forged(t, a.id, "alice")}}})
	p.fill(want{room: lobby, silent: true})
	var r refusal
	for range 10 { // each is two or more to the server
		eval[any](p, `document.getElementById("why").replaceChildren()`)
		p.click("enter")
		p.wait(`document.querySelector("#why .refusal") !== null && !document.getElementById("enter").disabled`)
		if r = p.refusal("#why"); r.Code == 70050 {
			break
		}
	}
	p.isRefused("#why", 70050, "too_many_failures")
	// Others are not locked out.
	bob := w.demo(a.config("bob"))
	bob.enter(want{room: lobby, silent: true})
}

// TestEmptyAtTheServer: the page sends no empty UserSig, so its refusal is asked for.
func TestEmptyAtTheServer(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	p := w.visit("/demo")
	got := eval[struct {
		Code           int
		Reason, Remedy string
	}](p, `fetch("/rtc/check", { method: "POST", headers: { Authorization: "Bearer us1." + %s + ".YWxpY2U.n100." } }).then((r) => r.json())`, a.id)
	if got.Code != 70002 || got.Reason != "empty" || got.Remedy == "" {
		t.Errorf("the server says %+v", got)
	}
}

// with is a visit with a PrivateMapKey.
func (a *app) with(ticket string) visit {
	a.w.T.Helper()
	return visit{config: a.config("alice"), want: want{ticket: ticket}}
}

func (a *app) block(name string) {
	a.w.T.Helper()
	a.w.Must("PUT", a.path("/users/%s/block", name), object{"until": a.w.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
}

// forged returns a UserSig that somebody made who does not have the key.
func forged(t *testing.T, app uint32, name string) string {
	t.Helper()
	secret, err := usersig.GenerateSecret()
	if err != nil {
		t.Fatal(err)
	}
	return sign(t, signer(t, app, secret), usersig.Claims{UserID: name, TTL: time.Hour})
}

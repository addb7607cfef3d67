package browser_test

import (
	"testing"
	"time"

	"usersig"
)

// TestRemoved: whatever ends a user's stay ends the call in the page within a second or
// little more, and the user is told why. The time it took is logged.
func TestRemoved(t *testing.T) {
	w := open(t, nil)
	alice, other := w.visit("/demo"), w.visit("/demo")
	for _, one := range []struct {
		name   string
		code   int
		reason string
		act    func(a *app, other *page)
	}{
		{"revoke", 70052, "revoked", func(a *app, _ *page) { a.w.Must("POST", a.path("/users/alice/revoke"), nil) }},
		{"block", 70051, "blocked", func(a *app, _ *page) { a.block("alice") }},
		{"kill", 70016, "no_key", func(a *app, _ *page) {
			a.w.Must("POST", a.path("/keys/%s/kill", a.keyID()), object{"reason": "leaked"})
		}},
		{"stop", 70020, "app_unknown", func(a *app, _ *page) { a.w.Must("PATCH", a.path(""), object{"state": "stopped"}) }},
		{"expiry", 70001, "expired", func(a *app, _ *page) { a.w.Pass(2 * time.Hour) }},
		{"removed by the operator", -102018, "banned", func(a *app, _ *page) { a.w.Must("DELETE", a.path("/rooms/n100/users/alice"), nil) }},
		{"room dissolved", -102005, "room_disband", func(a *app, _ *page) { a.w.Must("DELETE", a.path("/rooms/n100"), nil) }},
		{"PrivateMapKey required", -100006, "no_grant", func(a *app, _ *page) {
			a.w.Must("PATCH", a.path(""), object{"settings": object{"require_privatemapkey": true}})
		}},
		{"duplicate login", 6208, "kick", func(a *app, other *page) {
			other.load(a.config("alice"))
			other.enter(want{room: lobby, silent: true})
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			w, alice, other := w.in(t), alice.in(t), other.in(t)
			a := w.app(object{"max_ttl": 3600})
			alice.anew()
			other.anew()
			alice.load(a.config("alice"))
			alice.enter(want{room: lobby, silent: true})
			began := time.Now()
			one.act(a, other)
			done := time.Since(began)
			r := alice.isRefused("#why", one.code, one.reason)
			after := time.UnixMilli(int64(r.At)).Sub(began)
			t.Logf("told %v after the act began, which took %v", after.Round(time.Millisecond), done.Round(time.Millisecond))
			if after > done+1500*time.Millisecond {
				t.Errorf("told after %v", after)
			}
			if eval[bool](alice, `document.getElementById("lobby").hidden`) {
				t.Error("the page still shows the call")
			}
		})
	}
}

// TestRevokedIsNobodyElse: who was revoked and presses Enter is refused, and does not come
// back as another user of the demo config. Before, the server's reason is all that is said.
func TestRevokedIsNobodyElse(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	carol := w.demo(a.config("carol"))
	carol.enter(want{room: lobby})
	bob := w.visit("/demo")
	eval[any](bob, `(() => {
		window.otherTab = (who) => new BroadcastChannel("usersig-demo").postMessage({ tab: "other", who });
		window.said = [];
		new MutationObserver((all) => all.forEach((m) => m.addedNodes.forEach((n) => said.push(n.textContent)))).observe(document.getElementById("notices"), { childList: true });
	})()`)
	bob.load(demoConfig{a.id, []user{{"alice", a.sig("alice", 0)}, {"bob", a.sig("bob", 0)}}})
	eval[any](bob, `otherTab({ sdkAppId: %s, userId: "alice" })`, a.id)
	bob.wait(`document.querySelector("#users :checked").value === "1"`)
	bob.enter(want{room: lobby})
	bob.sees("carol", "main")
	carol.sees("bob", "main")
	eval[any](bob, `otherTab(null)`)
	a.w.Must("POST", a.path("/users/bob/revoke"), nil)
	bob.isRefused("#why", 70052, "revoked")
	if said := eval[[]string](bob, `said`); len(said) > 0 {
		t.Errorf("before that the page said %q", said)
	}
	eval[any](bob, `document.querySelector("#why .refusal").remove()`)
	bob.press("\r")
	bob.wait(`!document.getElementById("call").hidden || document.querySelector("#why .refusal") !== null`)
	bob.isRefused("#why", 70052, "revoked")
}

// TestComeBack: who was revoked comes back with a new UserSig.
func TestComeBack(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	alice := w.demo(a.config("alice"))
	alice.enter(want{room: lobby, silent: true})
	a.w.Must("POST", a.path("/users/alice/revoke"), nil)
	alice.isRefused("#why", 70052, "revoked")
	alice.click("forget")
	alice.load(a.config("alice"))
	alice.enter(want{room: lobby, silent: true})
}

// TestRenew: a user who is warned and hands in a newer UserSig stays, and nothing else
// that is handed in does it.
func TestRenew(t *testing.T) {
	w := open(t, nil)
	a := w.app(object{"max_ttl": 3600})
	alice, bob := w.demo(a.config("alice")), w.demo(a.config("bob"))
	alice.enter(want{room: lobby})
	w.Pass(time.Hour - 20*time.Second)
	alice.wait(`document.querySelector("[data-matter=expiring]") !== null`)
	alice.wait(`document.getElementById("left").dataset.urgency === "high"`)
	alice.click("renew")
	alice.paste("new-sig", "-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----")
	alice.click("renewal-go")
	alice.wait(`document.querySelector("#renewal-why .wrong")?.dataset.key === "wrong_private"`)
	alice.paste("new-sig", "hello")
	alice.click("renewal-go")
	alice.wait(`document.querySelector("#renewal-why .wrong")?.dataset.key === "wrong_newSig"`)
	alice.paste("new-sig", a.sig("bob", 0))
	alice.click("renewal-go")
	alice.isRefused("#renewal-why", 70013, "user_mismatch")
	alice.paste("new-sig", a.sig("alice", 0))
	alice.click("renewal-go")
	alice.wait(`!document.getElementById("renewal").open && document.querySelector("[data-matter=expiring]") === null`)
	w.Pass(10 * time.Minute) // the first UserSig has ended by now
	bob.click("forget")
	bob.load(a.config("bob"))
	bob.enter(want{room: lobby, silent: true})
	bob.sees("alice", "main")
	w.Pass(time.Hour)
	alice.isRefused("#why", 70001, "expired")
}

// TestRenewTooLate: a stay that ends while a newer UserSig is being handed in ends that
// too, and whoever comes back can renew.
func TestRenewTooLate(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	alice := w.demo(a.config("alice"))
	alice.enter(want{room: lobby, silent: true})
	eval[any](alice, `(() => {
		const real = window.fetch;
		window.fetch = (url, wish) => String(url).endsWith("/rtc/renew") ? new Promise(() => { window.handedIn = true; }) : real(url, wish);
		window.answer = () => { window.fetch = real; };
	})()`)
	alice.click("renew")
	alice.paste("new-sig", a.sig("alice", 0))
	alice.click("renewal-go")
	alice.wait(`window.handedIn === true`)
	a.w.Must("POST", a.path("/users/alice/revoke"), nil)
	alice.isRefused("#why", 70052, "revoked")
	alice.wait(`!document.getElementById("renewal").open && !document.getElementById("renewal-go").disabled`)
	eval[any](alice, `answer()`)
	alice.click("forget")
	alice.load(a.config("alice"))
	alice.enter(want{room: lobby, silent: true})
	alice.click("renew")
	alice.paste("new-sig", a.sig("alice", 0))
	alice.click("renewal-go")
	alice.wait(`!document.getElementById("renewal").open`)
}

// TestNarrower: a PrivateMapKey that is handed in during a call takes rights away at once.
func TestNarrower(t *testing.T) {
	w := open(t, nil)
	a := w.app(nil)
	alice, bob := w.demo(a.config("alice")), w.demo(a.config("bob"))
	alice.enter(want{room: lobby})
	bob.enter(want{room: lobby})
	alice.sees("bob", "main")
	bob.sees("alice", "main")
	for _, one := range []struct {
		name   string
		lost   usersig.Privilege
		code   int
		reason string
		gone   func()
	}{
		{"send video", usersig.SendVideo, -102013, "no_right_send_video", func() { bob.marked("alice", "cam-off") }},
		{"receive video", usersig.SendVideo | usersig.ReceiveVideo, -102019, "no_right_receive_video", func() {
			alice.wait(`document.querySelector(".tile[data-user=bob] video") === null`)
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			alice, ticket := alice.in(t), a.ticket("alice", lobby, usersig.AllPrivileges&^one.lost, 0)
			alice.click("renew")
			alice.paste("new-ticket", ticket)
			began := time.Now()
			alice.click("renewal-go")
			r := alice.isRefused("#notices [data-matter*="+one.reason+"]", one.code, one.reason)
			t.Logf("told after %v", time.UnixMilli(int64(r.At)).Sub(began).Round(time.Millisecond))
			one.gone()
		})
	}
	alice.hears("bob") // that right is left
}

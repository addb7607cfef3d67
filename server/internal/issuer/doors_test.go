package issuer_test

import (
	"context"
	"time"

	"usersig"
	"usersig/server/internal/access"
	"usersig/server/internal/issuer"
)

// asked is a request, and what the log must call it.
type asked struct {
	subject string // in the log
	do      func(ctx context.Context, w *doors, c access.Caller) error
}

// door is a method of the service, and ways to ask for it: one that is good, and those
// that must fail for a reason. There need not be all of them.
type door struct {
	name                              string
	action                            access.Action
	good, invalid, notFound, conflict asked
	refusal                           error // of what is not valid; nil means ErrInvalid
}

// doors is a world with what the requests are about.
type doors struct {
	*world
	app, stopped, missing uint32
	key, dead             string // keys of app
	apiKey                string
	pem                   []byte // of a key that app has
	other                 uint32 // another customer's
}

func newDoors(w *world) *doors {
	d := &doors{world: w, missing: 5}
	made := w.create(hosted("ecdsa"))
	d.app, d.pem = made.App.ID, []byte(made.Key.Public)
	killed, err := w.KillKey(w.t.Context(), operator, d.app, issuer.Killing{KeyID: made.Key.ID, Reason: "leaked", Replace: true})
	w.want(err, nil)
	d.dead, d.key = made.Key.ID, killed.By.Key.ID
	_, err = w.RotateKey(w.t.Context(), operator, d.app, issuer.Rotation{Prepare: true})
	w.want(err, nil)
	d.stopped, d.other = w.create(hosted("hmac")).App.ID, w.create(hosted("hmac")).App.ID
	_, err = w.UpdateApp(w.t.Context(), operator, d.stopped, func(a *issuer.App) error { a.State = issuer.Stopped; return nil })
	w.want(err, nil)
	wish := issuer.NewAPIKey{Name: "first", Scopes: access.Scopes(), IdempotencyKey: "used"}
	k, _, err := w.CreateAPIKey(w.t.Context(), operator, d.app, wish)
	w.want(err, nil)
	d.apiKey = k.ID
	_, err = w.CreateApp(w.t.Context(), operator, issuer.NewApp{Name: "first", IdempotencyKey: "used"})
	w.want(err, nil)
	return d
}

func createApp(n issuer.NewApp) asked {
	return asked{n.Name, func(ctx context.Context, w *doors, c access.Caller) error {
		_, err := w.CreateApp(ctx, c, n)
		return err
	}}
}

// about makes a request about an application of each kind.
func about(subject string, do func(ctx context.Context, w *doors, c access.Caller, app uint32) error) (there, missing, stopped asked) {
	of := func(app func(*doors) uint32) asked {
		return asked{subject, func(ctx context.Context, w *doors, c access.Caller) error { return do(ctx, w, c, app(w)) }}
	}
	return of(func(w *doors) uint32 { return w.app }), of(func(w *doors) uint32 { return w.missing }), of(func(w *doors) uint32 { return w.stopped })
}

func rename(name string) (there, missing, stopped asked) {
	return about("", func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		_, err := w.UpdateApp(ctx, c, app, func(a *issuer.App) error { a.Name = name; return nil })
		return err
	})
}

func rotate(wish issuer.Rotation) (there, missing, stopped asked) {
	return about("?", func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		_, err := w.RotateKey(ctx, c, app, wish)
		return err
	})
}

func kill(id func(*doors) string, reason string) (there, missing, stopped asked) {
	return about("?", func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		_, err := w.KillKey(ctx, c, app, issuer.Killing{KeyID: id(w), Reason: reason})
		return err
	})
}

func importKey(pem func(*doors) []byte) (there, missing, stopped asked) {
	return about("?", func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		_, err := w.ImportKey(ctx, c, app, issuer.OwnKey{PEM: pem(w)})
		return err
	})
}

func issue(wishes ...issuer.Wish) (there, missing, stopped asked) {
	subject := ""
	if len(wishes) > 0 {
		subject = wishes[0].UserID
	}
	return about(subject, func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		_, err := w.IssueBatch(ctx, c, app, wishes)
		return err
	})
}

func demoConfig(platform string) (there, missing, stopped asked) {
	return about("", func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		_, err := w.DemoConfig(ctx, c, app, platform, 4, 0)
		return err
	})
}

func revoke(user string) (there, missing, stopped asked) {
	return about(user, func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		_, err := w.Revoke(ctx, c, app, user)
		return err
	})
}

func block(after time.Duration) (there, missing, stopped asked) {
	return about("alice", func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		return w.Block(ctx, c, app, "alice", time.Now().Add(after))
	})
}

func unblock(user string) (there, missing, stopped asked) {
	return about(user, func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		return w.Unblock(ctx, c, app, user)
	})
}

func createAPIKey(wish issuer.NewAPIKey) (there, missing, stopped asked) {
	return about(wish.Name, func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		_, _, err := w.CreateAPIKey(ctx, c, app, wish)
		return err
	})
}

func deleteAPIKey(id func(*doors) string) (there, missing, stopped asked) {
	return about("?", func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		return w.DeleteAPIKey(ctx, c, app, id(w))
	})
}

func deleteApp() (there, missing, stopped asked) {
	return about("", func(ctx context.Context, w *doors, c access.Caller, app uint32) error {
		return w.DeleteApp(ctx, c, app)
	})
}

// allDoors are the methods that do something.
func allDoors() []door {
	first := func(there, _, _ asked) asked { return there }
	live, dead := func(w *doors) string { return w.key }, func(w *doors) string { return w.dead }
	own := func(w *doors) []byte {
		key, err := usersig.GenerateKey(usersig.P256)
		w.want(err, nil)
		return key.Public().EncodePEM()
	}
	known := func(w *doors) []byte { return w.pem }
	bad := func(*doors) []byte { return []byte("no key") }
	minus := -time.Second
	alice := issuer.Wish{UserID: "alice"}
	scopes := access.Scopes()

	all := []door{
		{name: "CreateApp", action: access.CreateApp, good: createApp(issuer.NewApp{Name: "demo"}), invalid: createApp(issuer.NewApp{Name: "demo", Settings: issuer.Settings{Scheme: "rot13"}}), conflict: createApp(issuer.NewApp{Name: "second", IdempotencyKey: "used"})},
		{name: "CreateApp/name", action: access.CreateApp, good: createApp(issuer.NewApp{Name: "demo", IdempotencyKey: "new"}), invalid: createApp(issuer.NewApp{Name: "a\nb"})},
		{name: "Init", action: access.CreateApp, good: asked{"platform", func(ctx context.Context, w *doors, c access.Caller) error { return w.Init(ctx, c) }}},
		{name: "UpdateApp", action: access.UpdateApp, invalid: first(rename(""))},
		{name: "DeleteApp", action: access.DeleteApp},
		{name: "RotateKey", action: access.RotateKey, invalid: first(rotate(issuer.Rotation{Overlap: &minus})), conflict: first(rotate(issuer.Rotation{Prepare: true}))},
		{name: "KillKey", action: access.KillKey, invalid: first(kill(live, "")), conflict: first(kill(dead, "another reason"))},
		{name: "KillKey/id", action: access.KillKey, good: first(kill(live, "leaked")), notFound: first(kill(func(*doors) string { return "0123" }, "leaked"))},
		{name: "ImportKey", action: access.ImportKey, invalid: first(importKey(bad)), conflict: first(importKey(known)), refusal: usersig.ErrInvalidKey},
		{name: "Issue", action: access.IssueUserSig, invalid: first(issue(issuer.Wish{UserID: "not portable"})), refusal: usersig.ErrInvalidClaims},
		{name: "IssueBatch", action: access.IssueUserSig, good: first(issue(alice)), invalid: first(issue())},
		{name: "IssueTicket", action: access.IssueTicket, good: first(issue(issuer.Wish{UserID: "alice", Grant: &usersig.Grant{Room: usersig.Room{ID: 7}}}))},
		{name: "DemoConfig", action: access.IssueDemo, invalid: first(demoConfig("Amiga")), refusal: errAny},
		{name: "Revoke", action: access.RevokeUser, invalid: first(revoke(""))},
		{name: "Block", action: access.BlockUser, invalid: first(block(-1))},
		{name: "Unblock", action: access.UnblockUser, invalid: first(unblock("\x00"))},
		{name: "CreateAPIKey", action: access.CreateAPIKey, invalid: first(createAPIKey(issuer.NewAPIKey{Name: "x"})), conflict: first(createAPIKey(issuer.NewAPIKey{Name: "x", Scopes: scopes, IdempotencyKey: "used"}))},
		{name: "DeleteAPIKey", action: access.DeleteAPIKey},
		{name: "DeleteAPIKey/id", action: access.DeleteAPIKey, good: first(deleteAPIKey(func(w *doors) string { return w.apiKey })), notFound: first(deleteAPIKey(func(*doors) string { return "0123" }))},
	}
	for i := range all {
		d := &all[i]
		switch d.name {
		case "UpdateApp":
			d.good, d.notFound, _ = rename("renamed")
		case "DeleteApp":
			d.conflict, d.notFound, d.good = deleteApp()
		case "RotateKey":
			d.good, d.notFound, _ = rotate(issuer.Rotation{})
		case "KillKey":
			d.good, d.notFound, _ = kill(live, "leaked")
		case "ImportKey":
			d.good, d.notFound, _ = importKey(own)
		case "Issue":
			d.good, d.notFound, d.conflict = issue(alice)
		case "DemoConfig":
			d.good, d.notFound, d.conflict = demoConfig("Web")
		case "Revoke":
			d.good, d.notFound, _ = revoke("alice")
		case "Block":
			d.good, d.notFound, _ = block(time.Hour)
		case "Unblock":
			d.good, d.notFound, _ = unblock("alice")
		case "CreateAPIKey":
			d.good, d.notFound, _ = createAPIKey(issuer.NewAPIKey{Name: "x", Scopes: scopes})
		case "DeleteAPIKey":
			d.good, d.notFound, _ = deleteAPIKey(func(w *doors) string { return w.apiKey })
		}
	}
	return all
}

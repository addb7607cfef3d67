package browser_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"usersig"
)

// app is an application.
type app struct {
	w  *world
	id uint32
	// secret is its SECRETKEY, if we know it, and signer signs with that.
	secret string
	signer *usersig.Signer
}

// app makes an application whose keys the server keeps.
func (w *world) app(settings object) *app {
	w.T.Helper()
	return &app{w: w, id: appID(w.create(settings))}
}

// ownApp makes one whose SECRETKEY we know, too.
func (w *world) ownApp() *app {
	w.T.Helper()
	out := w.create(nil)
	a := &app{w: w, id: appID(out), secret: out["secret_key"].(string)}
	secret, err := usersig.ParseSecret([]byte(a.secret))
	if err != nil {
		w.T.Fatal(err)
	}
	a.signer = signer(w.T, a.id, secret)
	return a
}

func (w *world) create(settings object) object {
	w.T.Helper()
	all := object{"scheme": "hmac"}
	for k, v := range settings {
		all[k] = v
	}
	return w.Must("POST", "/v1/apps", object{"name": "calls", "settings": all})
}

func appID(created object) uint32 { return uint32(created["app"].(object)["sdkappid"].(float64)) }

func signer(t *testing.T, app uint32, key usersig.SigningKey) *usersig.Signer {
	t.Helper()
	s, err := usersig.NewSigner(app, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t *testing.T, s *usersig.Signer, c usersig.Claims) string {
	t.Helper()
	token, err := s.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (a *app) path(rest string, args ...any) string {
	return fmt.Sprintf("/v1/apps/%d", a.id) + fmt.Sprintf(rest, args...)
}

func (a *app) keyID() string {
	a.w.T.Helper()
	keys := a.w.Must("GET", a.path("/keys"), nil)["keys"].([]any)
	return keys[0].(object)["key_id"].(string)
}

// sig issues a UserSig. Without a life it has the longest there is.
func (a *app) sig(user string, ttl int) string {
	a.w.T.Helper()
	body := object{"userid": user}
	if ttl > 0 {
		body["ttl"] = ttl
	}
	return a.w.Must("POST", a.path("/usersigs"), body)["usersig"].(string)
}

// ticket issues a PrivateMapKey.
func (a *app) ticket(user string, room usersig.Room, allow usersig.Privilege, ttl int) string {
	a.w.T.Helper()
	of := object{"id": room.ID}
	if room.Name != "" {
		of = object{"name": room.Name}
	}
	body := object{"userid": user, "room": of, "allow": allow}
	if ttl > 0 {
		body["ttl"] = ttl
	}
	return a.w.Must("POST", a.path("/privatemapkeys"), body)["privatemapkey"].(string)
}

// config makes a demo config of one user.
func (a *app) config(name string) demoConfig {
	a.w.T.Helper()
	return demoConfig{a.id, []user{{name, a.sig(name, 0)}}}
}

// users returns who the server says is in a room.
func (a *app) users(room usersig.Room) (all []string) {
	a.w.T.Helper()
	at := fmt.Sprintf("n%d", room.ID)
	if room.Name != "" {
		at = "s" + base64.RawURLEncoding.EncodeToString([]byte(room.Name))
	}
	_, out := a.w.Try("GET", a.path("/rooms/%s/users", at), nil)
	users, _ := out["users"].([]any)
	for _, u := range users {
		all = append(all, u.(object)["userid"].(string))
	}
	return all
}

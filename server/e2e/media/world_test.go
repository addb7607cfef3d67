// Package media_test proves the audio/video server from outside: with LiveKit's own,
// unmodified SDKs as clients, and with real browsers.
package media_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"usersig"
	"usersig/server/e2e/internal/node"
	"usersig/server/internal/config"
	"usersig/server/internal/gate"
)

type (
	// world is a usersigd that serves media, in this process.
	world struct{ *node.Node }

	object = node.Object
)

// open starts a usersigd with media, and with change made to its configuration.
func open(t *testing.T, change func(*config.Config)) *world {
	t.Helper()
	return &world{node.Open(t, change)}
}

// in is the same world for another test.
func (w *world) in(t *testing.T) *world { return &world{w.In(t)} }

// send makes a request of a client SDK's with a credential.
func (w *world) send(path string, c gate.Credential) (status int, body string) {
	w.T.Helper()
	r, err := http.NewRequestWithContext(w.T.Context(), http.MethodPost, w.Base+path, nil)
	if err != nil {
		w.T.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.String())
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		w.T.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		w.T.Fatal(err)
	}
	return reply.StatusCode, string(text)
}

// app is an application whose keys are hosted.
type app struct {
	w  *world
	id uint32
}

func (w *world) app(settings object) *app {
	w.T.Helper()
	all := object{"scheme": "hmac"}
	for k, v := range settings {
		all[k] = v
	}
	out := w.Must("POST", "/v1/apps", object{"name": "calls", "settings": all})
	return &app{w, uint32(out["app"].(object)["sdkappid"].(float64))}
}

func (a *app) path(rest string, args ...any) string {
	return fmt.Sprintf("/v1/apps/%d", a.id) + fmt.Sprintf(rest, args...)
}

// sig issues a UserSig.
func (a *app) sig(user string, ttl int) string {
	a.w.T.Helper()
	body := object{"userid": user}
	if ttl > 0 {
		body["ttl"] = ttl
	}
	return a.w.Must("POST", a.path("/usersigs"), body)["usersig"].(string)
}

// ticket issues a PrivateMapKey.
func (a *app) ticket(user string, room usersig.Room, allow usersig.Privilege) string {
	a.w.T.Helper()
	of := object{"id": room.ID}
	if room.Name != "" {
		of = object{"name": room.Name}
	}
	return a.w.Must("POST", a.path("/privatemapkeys"), object{"userid": user, "room": of, "allow": allow})["privatemapkey"].(string)
}

// credential is what an SDK takes for its token.
func (a *app) credential(user string, room usersig.Room) gate.Credential {
	return gate.Credential{App: a.id, UserID: user, Room: room, UserSig: a.sig(user, 0)}
}

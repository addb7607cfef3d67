package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// writer is a back end that writes all the time and keeps account of what was
// acknowledged to it. Its applications are its own, so that it knows what must be there.
type writer struct {
	id    int
	rng   *rand.Rand
	api   *client
	wrong func(format string, args ...any) // Errorf of the test
	ack   func()                           // called for every write that was acknowledged

	apps     []*account
	naming   string         // the name and idempotency key of an application that is being made
	acked    map[string]int // audit entries by the ID of the request that was acknowledged
	refused  []string       // IDs of requests that were refused with 503
	requests int
	rotated  []string // keys that were acknowledged of the application that all writers rotate
}

// account is what a writer knows of an application.
type account struct {
	path   string
	name   string
	keys   []string // acknowledged; the last one signs
	doubt  bool     // whether a rotation was under way when the daemon died
	tokens []token
}

// token is a UserSig, with a user of its own.
type token struct {
	user, text string
	want       string // what a check must say of it
}

func newWriter(id int, wrong func(string, ...any)) *writer {
	return &writer{id: id, rng: rand.New(rand.NewPCG(1, uint64(id))), wrong: wrong, acked: make(map[string]int)}
}

// mostKeys is how often an application of a writer's is rotated: all its keys must be
// live, for their tokens to be good.
const mostKeys = 7

// write sends requests until the daemon dies, or stop is closed.
func (w *writer) write(shared string, stop <-chan struct{}) {
	for w.step(shared) {
		select {
		case <-stop:
			return
		default:
		}
	}
}

// step is one write. It reports whether the daemon lives.
func (w *writer) step(shared string) bool {
	if w.naming != "" || len(w.apps) == 0 || len(w.apps[len(w.apps)-1].keys) >= mostKeys {
		return w.create()
	}
	a := w.apps[len(w.apps)-1]
	switch n := w.rng.IntN(100); {
	case n < 50:
		return w.issue(a)
	case n < 60:
		return w.issueBatch(a)
	case n < 75:
		return w.rotate(a)
	case n < 77:
		return w.rotateShared(shared)
	case n < 99:
		return w.block(a)
	default:
		return w.revoke(a) // rarely: its reply waits until the second is over
	}
}

// send sends a request that is recorded as so many audit entries. The status is 0 if the
// daemon died before it had answered.
func (w *writer) send(entries int, method, path string, body, out any, headers ...string) (status int) {
	w.requests++
	id := fmt.Sprintf("w%d-%d", w.id, w.requests)
	r, err := w.api.try(method, path, body, append(headers, "X-Request-Id", id)...)
	if err != nil {
		return 0
	}
	switch {
	case r.status == http.StatusServiceUnavailable:
		w.refused = append(w.refused, id)
	case r.status/100 != 2:
		w.wrong("%s %s = %d %s", method, path, r.status, r.body)
	default:
		w.acked[id] = entries
		if err := r.decode(out); err != nil {
			w.wrong("%s %s: %v", method, path, err)
		}
		w.ack()
	}
	return r.status
}

// create makes an application. If the daemon dies on the way, the same is asked again:
// the idempotency key makes one application of it.
func (w *writer) create() bool {
	if w.naming == "" {
		w.naming = fmt.Sprintf("w%d-%d", w.id, len(w.apps))
	}
	settings := object{"custody": "hosted"}
	if len(w.apps)%2 == 1 {
		settings["scheme"] = "hmac"
	}
	var made struct {
		App struct {
			ID uint32 `json:"sdkappid"`
		} `json:"app"`
		Key key `json:"key"`
	}
	status := w.send(1, "POST", "/v1/apps", object{"name": w.naming, "settings": settings}, &made, "Idempotency-Key", w.naming)
	if status == http.StatusCreated {
		w.apps = append(w.apps, &account{path: fmt.Sprintf("/v1/apps/%d", made.App.ID), name: w.naming, keys: []string{made.Key.ID}})
		w.naming = ""
	}
	return status != 0
}

// key is what these tests look at of a key.
type key struct {
	ID    string `json:"key_id"`
	State string `json:"state"`
}

func (w *writer) user() string { return fmt.Sprintf("u%d-%d", w.id, w.requests) }

func (w *writer) issue(a *account) bool {
	var made struct {
		UserSig string `json:"usersig"`
		Key     string `json:"key_id"`
	}
	user := w.user()
	status := w.send(1, "POST", a.path+"/usersigs", object{"userid": user}, &made)
	if status == http.StatusOK {
		a.take(w, user, made.UserSig, made.Key)
	}
	return status != 0
}

func (w *writer) issueBatch(a *account) bool {
	const size = 10
	var items []object
	for i := range size {
		items = append(items, object{"userid": fmt.Sprintf("%s-%d", w.user(), i)})
	}
	var made struct {
		Items []struct {
			User    string `json:"userid"`
			UserSig string `json:"usersig"`
			Key     string `json:"key_id"`
		} `json:"items"`
	}
	status := w.send(size, "POST", a.path+"/usersigs:batch", object{"items": items}, &made)
	if status == http.StatusOK && len(made.Items) != size {
		w.wrong("a batch of %d has %d tokens", size, len(made.Items))
	}
	for _, item := range made.Items {
		a.take(w, item.User, item.UserSig, item.Key)
	}
	return status != 0
}

// take keeps a token. It is signed with the key that was acknowledged last.
func (a *account) take(w *writer, user, text, key string) {
	if want := a.keys[len(a.keys)-1]; key != want {
		w.wrong("application %s signs with key %s after %s was acknowledged", a.name, key, want)
	}
	a.tokens = append(a.tokens, token{user, text, "ok"})
}

func (w *writer) rotate(a *account) bool {
	var made struct {
		Key key `json:"key"`
	}
	switch w.send(1, "POST", a.path+"/keys/rotate", object{"overlap": 3600}, &made) {
	case 0:
		a.doubt = true
		return false
	case http.StatusOK:
		a.keys = append(a.keys, made.Key.ID)
	}
	return true
}

// rotateShared rotates the application that all writers rotate at once.
func (w *writer) rotateShared(path string) bool {
	var made struct {
		Key key `json:"key"`
	}
	status := w.send(1, "POST", path+"/keys/rotate", object{"overlap": 0}, &made)
	if status == http.StatusOK {
		w.rotated = append(w.rotated, made.Key.ID)
	}
	return status != 0
}

func (w *writer) block(a *account) bool {
	return w.against(a, "blocked", "PUT", "/block", object{"until": time.Now().Add(time.Hour)})
}

func (w *writer) revoke(a *account) bool {
	return w.against(a, "revoked", "POST", "/revoke", nil)
}

// against does something to the user of a good token. If the daemon dies on the way, it
// is not known what must become of the token.
func (w *writer) against(a *account, then, method, path string, body any) bool {
	i := slices.IndexFunc(a.tokens, func(t token) bool { return t.want == "ok" })
	if i < 0 {
		return true
	}
	var done object
	switch status := w.send(1, method, a.path+"/users/"+a.tokens[i].user+path, body, &done); status {
	case 0:
		a.tokens = slices.Delete(a.tokens, i, i+1)
		return false
	case http.StatusOK:
		a.tokens[i].want = then
	}
	return true
}

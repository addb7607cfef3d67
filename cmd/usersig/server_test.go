package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"usersig"
	"usersig/internal/remote"
)

// problems are the replies of a server in trouble, by the application that is asked for.
var problems = map[string]string{
	"401": `{"reason":"unauthorized","title":"The caller is not known"}`,
	"403": `{"reason":"denied","detail":"the caller may not do this"}`,
	"404": `{"reason":"not_found","detail":"application 404: there is no such thing"}`,
	"409": `{"reason":"conflict","detail":"the state does not allow this: application 409 is stopped"}`,
	"410": `{"reason":"not_hosted","detail":"the private key is not hosted here"}`,
	"422": `{"reason":"invalid","detail":"user ID 1 of 1: claims cannot be signed: TTL of 99 s is longer than the 9 s allowed","refusal":{"reason":"invalid_claims"}}`,
	"423": `{"reason":"invalid","detail":"user ID 1 of 1: claims cannot be signed: this application allows letters, digits, '_' and '-' in user IDs, 32 at most; user_ids in its settings can be any"}`,
	"424": `{"reason":"invalid","title":"The request is not valid","errors":[{"location":"body.until","message":"expected a date"}]}`,
	"429": `{"reason":"limited","title":"Too many requests"}`,
	"503": `{"reason":"unavailable","title":"The server cannot answer now","request_id":"r1"}`,
}

// troubled is a server that does what the number or name of the application says.
func troubled(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) < 4 {
		troubledCreation(w, r)
		return
	}
	app := parts[3]
	w.Header().Set("Content-Type", "application/json")
	switch problem, ok := problems[app]; {
	case ok:
		w.Header().Set("Content-Type", "application/problem+json")
		status, _ := strconv.Atoi(app)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, problem)
	case app == "302":
		http.Redirect(w, r, "https://elsewhere.example.com", http.StatusFound)
	case app == "200", app == "502":
		w.Header().Set("Content-Type", "text/html")
		status, _ := strconv.Atoi(app)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<h1>Welcome</h1>")
	case app == "600":
		_, _ = io.WriteString(w, `{"usersig":"eJx","userid":"a"}`)
	case app == "700":
		_, _ = io.WriteString(w, `{"keys":[{"key_id":"aa","scheme":"hmac","state":"signing"}]}`)
	case app == "800":
		w.Header().Set("Idempotency-Replayed", "true")
		_, _ = io.WriteString(w, `{"apikey":{"id":"aa"},"key":{"key_id":"aa"},"killed":{"key_id":"bb"},"replacement":{"key":{"key_id":"aa"}}}`)
	default:
		_, _ = io.WriteString(w, `{"secret":"usk_new_key"}`)
	}
}

func troubledCreation(w http.ResponseWriter, r *http.Request) {
	var wish struct{ Name string }
	_ = json.NewDecoder(r.Body).Decode(&wish)
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "/operators") {
		w.Header().Set("Idempotency-Replayed", "true")
		_, _ = io.WriteString(w, `{"apikey":{"id":"aa"}}`)
		return
	}
	w.WriteHeader(http.StatusCreated)
	extra := map[string]string{"torn": `,"keys_zip":"UEsDBA=="`, "secret": `,"secret_key":"` + testSecret + `"`}[wish.Name]
	_, _ = io.WriteString(w, `{"app":{"sdkappid":1400000000,"settings":{"custody":"none"}},"key":{"key_id":"aa"}`+extra+`}`)
}

// A key that nobody could write down must not be made.
func TestNothingIsMadeThatCouldNotBeKept(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer s.Close()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{"api.key": "usk_a_b", "public_key": "x"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{"app create --name a", "app create --name a --zip public_key", "apikey create --app 1 --name a --scope read --out public_key"} {
		got := try(t, line+" --server "+s.URL+" --token api.key", "", false)
		if got.status != exitCannot || !strings.Contains(got.errors, "already exists") {
			t.Errorf("%s: exit status %d\n%s", line, got.status, got.errors)
		}
	}
	if asked := asked.Load(); asked != 0 {
		t.Errorf("the server was asked %d times", asked)
	}
}

// What was reserved and not filled is not left in the way.
func TestReservedFileGoes(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(troubled))
	defer s.Close()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("api.key", []byte("usk_a_b"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, app := range []string{"503", "1"} {
		want := app == "1"
		got := try(t, "apikey create --app "+app+" --name a --scope read --out new.key --server "+s.URL+" --token api.key", "", false)
		if _, err := os.Stat("new.key"); (err == nil) != want {
			t.Errorf("application %s: %v\n%s", app, err, got.errors)
		}
		if text, _ := os.ReadFile("new.key"); want && string(text) != "usk_new_key\n" {
			t.Errorf("the file has %q", text)
		}
	}
}

// Who does not know whether it was made is told how to find out without making two: with
// the idempotency key that went along.
func TestUnsureWhetherItWasMade(t *testing.T) {
	keys := make(chan string, 2) // a request goes out twice
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		keys <- r.Header.Get("Idempotency-Key")
		panic(http.ErrAbortHandler)
	}))
	defer s.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, problems["403"])
	}))
	defer refusing.Close()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("api.key", []byte("usk_a_b"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status := run([]string{"keygen", "--dir", "keys"}, nil, io.Discard, io.Discard, func(string) string { return "" }); status != exitDone {
		t.Fatal("no keys")
	}
	for _, verb := range []string{"app create --name a", "apikey create --app 1 --name a --scope read", "operator create --name a", "key import --app 1 --key keys/public_key"} {
		line := verb + " --server " + s.URL + " --token api.key"
		got := try(t, line, "", false)
		if first, second := <-keys, <-keys; first != second || !strings.Contains(got.errors, "to repeat this without making two: --once "+first+"\n") {
			t.Errorf("%s: sent %q and %q\n%s", verb, first, second, got.errors)
		}
		got = try(t, line+" --once mine", "", false)
		if first, second := <-keys, <-keys; first != "mine" || second != "mine" || !strings.Contains(got.errors, ": --once mine\n") {
			t.Errorf("%s: sent %q and %q\n%s", verb, first, second, got.errors)
		}
	}
	got := try(t, "key kill --app 1 --key-id a --reason b --yes --server "+refusing.URL+" --token api.key", "", false)
	if strings.Contains(got.errors, "may be dead") {
		t.Errorf("it was refused, and may have been done?\n%s", got.errors)
	}
	got = try(t, "operator create --name a --server "+refusing.URL+" --token api.key", "", false)
	if strings.Contains(got.errors, "--once") {
		t.Errorf("it was refused, and may have been made?\n%s", got.errors)
	}
}

// The environment stands in for flags, and less than they do.
func TestServerFromTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	key, secret := filepath.Join(dir, "api.key"), filepath.Join(dir, "secret_key")
	for name, text := range map[string]string{key: "usk_a_b", secret: testSecret} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := httptest.NewServer(http.HandlerFunc(troubled))
	defer s.Close()
	env := map[string]string{serverVar: s.URL, tokenVar: key}
	for args, want := range map[string]string{
		"sign --app 403 --user a":                             "this API key may not do that",
		"sign --app 403 --user a --server http://127.0.0.1:1": "127.0.0.1:1 cannot be reached",
		"sign --app 403 --user a --key " + secret:             "",
		"key import --app 403 --key " + secret:                "is a private key or a SECRETKEY",
		"keygen --dir " + filepath.Join(dir, "made"):          "wrote ",
		"app show --app 403 --token ./nope":                   "no such file or directory",
	} {
		var out, said bytes.Buffer
		run(strings.Fields(args), strings.NewReader(""), &out, &said, func(name string) string { return env[name] })
		if !strings.Contains(said.String(), want) || want == "" && said.Len() > 0 {
			t.Errorf("%s: %s", args, said.String())
		}
	}
}

// JSON has the problem whole, for scripts.
func TestProblemInJSON(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(troubled))
	defer s.Close()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("api.key", []byte("usk_a_b"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := try(t, "sign --app 422 --user a --server "+s.URL+" --token api.key", "", true)
	var object struct {
		Error   string
		Hints   []string
		Problem remote.Problem
	}
	if err := json.Unmarshal([]byte(got.out), &object); err != nil {
		t.Fatal(err)
	}
	if object.Problem.Status != 422 || object.Problem.Refusal == nil || object.Problem.Refusal.Reason != "invalid_claims" {
		t.Errorf("problem = %+v", object.Problem)
	}
	if object.Error != "the server does not take that: TTL of 99 s is longer than the 9 s allowed" || len(object.Hints) != 1 || !strings.Contains(object.Hints[0], "--ttl") {
		t.Errorf("error = %q, hints %q", object.Error, object.Hints)
	}
}

func TestQuestion(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "yes\n": true, " Y \n": true, "是\n": true, "n\n": false, "\n": false, "": false, "yup\n": false} {
		var said bytes.Buffer
		u := newUI(strings.NewReader(answer), io.Discard, &said, func(string) string { return "" })
		err := u.question(sentence("every token that key %s signed ends now", "abc"))
		if (err == nil) != want || !strings.Contains(said.String(), "key abc signed ends now\nusersig: go on? [y/N] ") {
			t.Errorf("answer %q: %v\n%s", answer, err, &said)
		}
		if f, ok := errors.AsType[*failure](err); !want && (!ok || f.status != exitCannot || len(f.hints) == 0) {
			t.Errorf("answer %q: %#v", answer, err)
		}
	}
}

func TestSlowServer(t *testing.T) {
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	defer s.Close()
	defer close(done)
	c, err := remote.New(s.URL, "usk_a_b", &remote.Options{Timeout: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Apps(context.Background())
	f := fromServer(err)
	if f == nil || !strings.HasSuffix(f.Error(), " did not answer in time") || f.status != exitCannot || len(f.hints) != 1 {
		t.Errorf("%v is said as %v", err, f)
	}
}

// refusing signs for users, but only for portable ones, and for no "nobody".
type refusing struct {
	t        *testing.T
	signer   *usersig.Signer
	requests int
}

func (s *refusing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests++
	var wish struct{ Items []struct{ UserID string } }
	if err := json.NewDecoder(r.Body).Decode(&wish); err != nil {
		s.t.Error(err)
	}
	type item struct {
		UserSig string `json:"usersig"`
	}
	var reply struct {
		Items []item `json:"items"`
	}
	for i, it := range wish.Items {
		why := ""
		switch {
		case !usersig.PortableUserID(it.UserID):
			why = "this application allows letters, digits, '_' and '-' in user IDs, 32 at most; user_ids in its settings can be any"
		case it.UserID == "nobody":
			why = "user ID is reserved"
		}
		if why != "" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = fmt.Fprintf(w, `{"reason":"invalid","index":%d,"detail":"user ID %d of %d: claims cannot be signed: %s"}`, i, i+1, len(wish.Items), why)
			return
		}
		token, err := s.signer.Sign(usersig.Claims{UserID: it.UserID, TTL: time.Hour})
		if err != nil {
			s.t.Error(err)
		}
		reply.Items = append(reply.Items, item{token})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(reply)
}

// A server signs for a whole batch or for nothing of it. One user ID that it does not
// take must not cost the other 999 their tokens, nor a thousand of them a thousand
// requests.
func TestBatchGoesOnWithoutTheRefused(t *testing.T) {
	secret, err := usersig.ParseSecret([]byte(testSecret))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := usersig.NewSigner(1400000000, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	handler := &refusing{t: t, signer: signer}
	s := httptest.NewServer(handler)
	defer s.Close()
	c, err := remote.New(s.URL, "usk_a_b", nil)
	if err != nil {
		t.Fatal(err)
	}
	var users []string
	for i := range 500 {
		users = append(users, fmt.Sprintf("user%d", i), fmt.Sprintf("user %d", i))
	}
	users[700] = "nobody"
	made, err := (&serverIssuer{c, 1400000000, time.Hour}).Issue(t.Context(), users)
	if err != nil {
		t.Fatal(err)
	}
	if handler.requests != 3 {
		t.Errorf("%d requests, want 3", handler.requests)
	}
	for i, m := range made {
		good := i%2 == 0 && i != 700
		if (m.Err == nil) != good || (m.Token != "") != good || m.ExpiresAt.IsZero() == good {
			t.Fatalf("%s: %+v", users[i], m)
		}
	}
	if made[700].Err.Error() != "user ID is reserved" || !strings.HasPrefix(made[701].Err.Error(), onlyPortable) {
		t.Errorf("%v, %v", made[700].Err, made[701].Err)
	}
	if made, err := (&serverIssuer{c, 1400000000, 0}).Issue(t.Context(), []string{"a b"}); err != nil || made[0].Err == nil {
		t.Errorf("one that is refused: %+v, %v", made, err)
	}
}

func TestGrid(t *testing.T) {
	got := grid([][]string{{"ID", "名称", "X"}, {"1400000000", "a", ""}, {"2", "会议", "z"}})
	want := "ID          名称  X\n1400000000  a     -\n2           会议  z\n"
	if got != want {
		t.Errorf("grid =\n%s\nwant\n%s", got, want)
	}
}

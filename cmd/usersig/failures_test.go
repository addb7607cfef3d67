package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

const testSecret = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"

// failing are command lines that fail, with their exit status. KEYS and WRONG are
// folders of files; what stands behind "<" is standard input.
var failing = []struct {
	status int
	line   string
}{
	{2, ""}, {2, "sing"}, {2, "SING"}, {2, "help dance"}, {2, "sign --userid a"}, {2, "sign -a"}, {2, "sign --app"}, {2, "sign --json=maybe"},
	{2, "sign"}, {2, "verify"}, {2, "public"}, {2, "batch"}, {2, "demo-config"}, {2, "keygen x"}, {2, "inspect a b"},
	{2, "completion"}, {2, "completion tcsh"}, {2, "verify -----BEGIN_PRIVATE_KEY-----"}, {2, "inspect -----BEGIN_PRIVATE_KEY-----"},

	{2, "sign --app 0"}, {2, "sign --ttl 3600"}, {2, "sign --ttl 3600000000000"}, {2, "sign --ttl soon"}, {2, "sign --ttl 999999999999d"},
	{2, "sign --at now"}, {2, "sign --at 1795424400000"}, {2, "sign --at 999999999999"}, {2, "sign --allow dance"}, {2, "sign --userbuf !"},
	{2, "sign --room 0"}, {2, "sign --room-name="}, {2, "sign --key a --key b"}, {2, "keygen --curve P-224"}, {2, "verify --purpose login"},
	{2, "batch --format xml"}, {2, "batch --jobs 0"}, {2, "demo-config --platform Linux"}, {2, "demo-config --users 0"},

	{2, "sign --app 1 --user a --key KEYS/secret_key --room 1 --room-name b"}, {2, "sign --app 1 --user a --key KEYS/secret_key --room 1 --userbuf AAAA"},
	{2, "sign --app 1 --user a --key KEYS/secret_key --allow all"}, {2, "keygen --zip a.zip --dir b"}, {2, "keygen --secret --zip a.zip"},
	{2, "verify --app 1 --user a --key x --room 1 --room-name b t"}, {2, "verify --app 1 --user a --key x --room 1 --purpose userbuf t"},
	{2, "verify --app 1 --user a --key - --key - t"}, {2, "verify --app 1 --user a --key - - < x"}, {2, "batch --app 1 --key - < x"},
	{2, "verify --app 1 --user a --key 1 --key 2 --key 3 --key 4 --key 5 --key 6 --key 7 --key 8 --key 9 t"},
	{2, "verify --app 1 --user a --key KEYS/public_key --key KEYS/public_key t"},
	{2, "batch --app 1 --key KEYS/secret_key --header --format ndjson"}, {2, "batch --app 1 --key KEYS/secret_key --resume"},

	{2, "sign --app 1 --user= --key KEYS/secret_key"}, {2, "sign --app 1 --user aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa --key KEYS/secret_key"},
	{2, "sign --app 1 --user a\x01 --key KEYS/secret_key"}, {2, "sign --app 1 --user a\xff --key KEYS/secret_key"},
	{2, "sign --app 1 --user a --key KEYS/secret_key --ttl 0"}, {2, "sign --app 1 --user a --key KEYS/secret_key --ttl 20000d"},
	{2, "sign --app 1 --user a --key KEYS/secret_key --at 1960-01-01T00:00:00Z"}, {2, "sign --app 1 --user a --key KEYS/secret_key --at 9999-12-31T23:00:00Z"},
	{2, "sign --app 1 --user a --key KEYS/secret_key --room 1 --ttl 18250d --at 2100-01-01T00:00:00Z"},
	{2, "sign --app 1 --user a --key KEYS/secret_key --room-name " + strings.Repeat("a", 65)}, {2, "sign --app 1 --user a --key KEYS/secret_key --room-name a\x01"},
	{2, "sign --app 1 --user a --key KEYS/secret_key --userbuf " + strings.Repeat("AAAA", 400)},
	{2, "sign --app 1 --user a --key KEYS/secret_key --userbuf AAABYQAAAAEAAAABawPmEAAAAP8AAAAA"},
	{2, "batch --app 1 --key KEYS/secret_key --ttl 0"}, {2, "demo-config --app 1 --key KEYS/secret_key --ttl 0"},

	{2, "sign --app 1 --user a --key " + testSecret},
	{3, "sign --app 1 --user a --key nosuch"}, {3, "sign --app 1 --user a --key KEYS"}, {3, "sign --app 1 --user a --key KEYS/large"},
	{3, "sign --app 1 --user a --key KEYS/secret_key/x"}, {3, "sign --app 1 --user a --key ./" + strings.Repeat("a", 5000)},
	{3, "sign --app 1 --user a --key KEYS/public_key"}, {3, "verify --app 1 --user a --key KEYS/private_key t"}, {3, "public --key KEYS/secret_key"},
	{3, "sign --app 1 --user a --key - < short"}, {3, "sign --app 1 --user a --key - < password\tpassword"},
	{3, "sign --app 1 --user a --key - < " + strings.Repeat("s", 2000)}, {3, "sign --app 1 --user a --key - < SECRETKEY=" + testSecret},
	{3, "keygen --dir KEYS"}, {3, "keygen --secret --dir KEYS"}, {3, "keygen --dir KEYS/secret_key"}, {3, "keygen --zip nosuch/keys.zip"},
	{3, "batch --app 1 --key KEYS/secret_key --in nosuch"}, {3, "batch --app 1 --key KEYS/secret_key --in KEYS"},
	{3, "batch --app 1 --key KEYS/secret_key --out KEYS/large < alice"}, {3, "batch --app 1 --key KEYS/secret_key --out KEYS/large --resume < alice"},
	{3, "batch --app 1 --key KEYS/secret_key --out KEYS/other --resume < alice"},
	{3, "batch --app 1 --key KEYS/secret_key --out KEYS/link --resume < alice"}, {3, "batch --app 1 --key KEYS/secret_key --out KEYS/locked --resume < alice"},

	{2, "credential < x"}, {2, "credential --room 1 --room-name b < x"}, {2, "credential --privatemapkey - < x"}, {2, "credential eJx"},
	{2, "credential --room 1 --usersig " + testSecret}, {2, "credential --room 1 --privatemapkey us1.1.YQ.n1.eJx --usersig KEYS/alice"},
	{3, "credential --room 1 --usersig nosuch"}, {3, "credential --room 1 --usersig KEYS"}, {3, "credential --room 1 --usersig KEYS/room"},
	{3, "credential --privatemapkey KEYS/alice --usersig KEYS/alice"}, {3, "credential --room 2 --privatemapkey KEYS/room --usersig KEYS/alice"},
	{3, "credential --privatemapkey KEYS/room --usersig KEYS/bob"}, {3, "credential --privatemapkey KEYS/room --usersig KEYS/elsewhere"},
}

// failingOnServer are command lines about servers that fail. SERVER is one that does what
// the number or the name of the application says, SECURE one that nobody vouches for.
var failingOnServer = []struct {
	status int
	line   string
}{
	{2, "app"}, {2, "key"}, {2, "apikey"}, {2, "app dance"}, {2, "app creat"}, {2, "help app dance"}, {2, "app create"}, {2, "key kill --app 1"}, {2, "revoke --app 1"},
	{2, "app create --name a --custody me"}, {2, "apikey create --app 1 --name a --scope all"}, {2, "app create --name a --max-ttl 60"}, {2, "app list all"}, {2, "app create --name a --max-ttl 0"}, {2, "key rotate --app 1 --dir a --zip b"},
	{2, "keygen --server SERVER"}, {2, "keygen --app 1"},
	{2, "sign --app 1 --user a --key KEYS/secret_key --server SERVER"}, {2, "verify --app 1 --user a --key KEYS/secret_key --server SERVER t"},
	{2, "sign --app 1 --user a --server SERVER --userbuf AAAA"}, {2, "sign --app 1 --user a --server SERVER --at 1"}, {2, "sign --app 1 --user a --server SERVER --compress"},
	{2, "verify --app 1 --user a --server SERVER --leeway 0 t"}, {2, "batch --app 1 --server SERVER --at 1"}, {2, "demo-config --app 1 --server SERVER --at 1"},
	{2, "sign --app 1 --server SERVER"}, {2, "verify --user a --server SERVER t"}, {2, "batch --server SERVER"}, {2, "demo-config --server SERVER"}, {2, "public --server SERVER"},
	{2, "app list"}, {2, "app list --server SERVER"}, {2, "sign --app 1 --user a --server SERVER"},
	{2, "verify --app 1 --user a --server SERVER --token - < x"}, {2, "batch --app 1 --server SERVER --token - < x"}, {2, "key import --app 1 --key - --server SERVER --token - < x"},
	{2, "app list --server SERVER --token usk_0123456789"}, {2, "app list --server SERVER --token " + testSecret},
	{2, "app list --server ftp://usersig.example.com TOKEN"}, {2, "app list --server http://usersig.example.com TOKEN"},
	{2, "app list --server https://a:b@usersig.example.com TOKEN"}, {2, "app list --server :: TOKEN"},
	{2, "app stop --app 1 --server SERVER TOKEN"}, {2, "app delete --app 1 --server SERVER TOKEN"}, {2, "key kill --app 1 --key-id a --reason b --server SERVER TOKEN"},
	{2, "key rotate --app 1 --overlap 0 --server SERVER TOKEN"}, {2, "apikey delete --app 1 --id a --server SERVER TOKEN"},
	{2, "sign --app 1 --user a --ttl 0 --server SERVER TOKEN"}, {2, "batch --app 1 --ttl 0 --server SERVER TOKEN < a"}, {2, "demo-config --app 1 --ttl 0 --server SERVER TOKEN"},
	{2, "sign --app 1 --user a\xff --server SERVER TOKEN"}, {2, "sign --app 422 --user a --server SERVER TOKEN"}, {2, "sign --app 423 --user a --server SERVER TOKEN"},
	{2, "block --app 424 --user a --until 1 --server SERVER TOKEN"},
	{2, "operator"}, {2, "operator create --server SERVER TOKEN"}, {2, "operator delete --id a --server SERVER TOKEN"},
	{2, "app set --app 1 --server SERVER TOKEN"}, {2, "app set --app 1 --oidc-issuer https://id.example.com --server SERVER TOKEN"}, {2, "app create --name a --oidc-claim b --server SERVER TOKEN"},
	{2, "app set --app 1 --no-admins --admin a --server SERVER TOKEN"}, {2, "app set --app 1 --no-oidc --oidc-issuer a --oidc-audience b --server SERVER TOKEN"},
	{2, "app set --app 1 --require-privatemapkey=maybe"}, {2, "app create --name a --once= --server SERVER TOKEN"}, {2, "operator create --name a --once " + strings.Repeat("a", 256)}, {2, "app create --name a --once é"},
	{2, "verify --app 1 --user a --key KEYS/secret_key --source 192.0.2.7 t"}, {2, "verify --app 1 --user a --server SERVER --source localhost t"},
	{3, "apikey create --app 800 --name a --scope read --once b --server SERVER TOKEN"}, {3, "operator create --name a --once b --server SERVER TOKEN"},
	{3, "key rotate --app 800 --dir made --server SERVER TOKEN"}, {3, "key kill --app 800 --key-id bb --reason a --replace --dir made --yes --server SERVER TOKEN"}, {3, "key kill --app 502 --key-id bb --reason a --yes --server SERVER TOKEN"},
	{3, "app set --app 503 --max-ttl 24h --server SERVER TOKEN"}, {3, "operator list --server http://127.0.0.1:1 TOKEN"}, {3, "app create --name a --dir made --server http://127.0.0.1:1 TOKEN"},
	{3, "apikey create --app 503 --name a --scope read --server SERVER TOKEN"}, {3, "apikey create --app 502 --name a --scope read --server SERVER TOKEN"},

	{3, "app list --server SERVER --token nosuch"}, {3, "app list --server SERVER --token KEYS"}, {3, "app list --server SERVER --token KEYS/private_key"},
	{3, "app list --server SERVER --token KEYS/large"}, {3, "app list --server SERVER --token - < \t"},
	{3, "app list --server SERVER TOKEN --ca nosuch"}, {3, "app list --server SERVER TOKEN --ca KEYS"}, {3, "app list --server SERVER TOKEN --ca KEYS/public_key"},
	{3, "key import --app 1 --key KEYS/private_key --server SERVER TOKEN"}, {3, "key import --app 1 --key KEYS/secret_key --server SERVER TOKEN"},
	{3, "key import --app 1 --key nosuch --server SERVER TOKEN"}, {3, "key import --app 1 --key KEYS/large --server SERVER TOKEN"}, {3, "key import --app 1 --key KEYS/other --server SERVER TOKEN"},
	{3, "apikey create --app 1 --name a --scope read --out KEYS/other --server SERVER TOKEN"}, {3, "apikey create --app 1 --name a --scope read --out nosuch/a --server SERVER TOKEN"},
	{3, "app create --name a --dir KEYS --server SERVER TOKEN"}, {3, "app create --name a --zip KEYS/other --server SERVER TOKEN"}, {3, "app create --name a --zip nosuch/a --server SERVER TOKEN"},
	{3, "app create --name a --dir KEYS/other --server SERVER TOKEN"},
	{3, "app create --name lost --dir lost --server SERVER TOKEN"}, {3, "app create --name torn --dir torn --server SERVER TOKEN"}, {3, "app create --name secret --dir torn --server SERVER TOKEN"},

	{3, "sign --app 401 --user a --server SERVER TOKEN"}, {3, "sign --app 403 --user a --server SERVER TOKEN"}, {3, "sign --app 404 --user a --server SERVER TOKEN"},
	{3, "sign --app 409 --user a --server SERVER TOKEN"}, {3, "sign --app 410 --user a --server SERVER TOKEN"}, {3, "sign --app 429 --user a --server SERVER TOKEN"},
	{3, "sign --app 503 --user a --server SERVER TOKEN"}, {3, "batch --app 503 --server SERVER TOKEN < a"}, {3, "batch --app 503 --server SERVER TOKEN --out batch.csv < a"},
	{3, "verify --app 503 --user a --server SERVER TOKEN t"}, {3, "demo-config --app 503 --server SERVER TOKEN"}, {3, "public --app 503 --server SERVER TOKEN"},
	{3, "audit --app 503 --server SERVER TOKEN"}, {3, "audit --follow --app 503 --server SERVER TOKEN"}, {3, "unblock --app 503 --user a --server SERVER TOKEN"},
	{3, "key rotate --app 503 --server SERVER TOKEN"}, {3, "key list --app 503 --server SERVER TOKEN"}, {3, "app delete --app 503 --yes --server SERVER TOKEN"},
	{3, "app show --app 302 --server SERVER TOKEN"}, {3, "app show --app 200 --server SERVER TOKEN"}, {3, "app show --app 502 --server SERVER TOKEN"},
	{3, "sign --app 600 --user a --server SERVER TOKEN"}, {3, "public --app 700 --server SERVER TOKEN"}, {3, "public --app 700 --key-id nosuch --server SERVER TOKEN"},
	{2, "room"}, {2, "room users --app 1 --server SERVER TOKEN"}, {2, "room remove --app 1 --user a --room 1 --room-name b --server SERVER TOKEN"},
	{2, "room remove --app 1 --room 1 --server SERVER TOKEN"}, {2, "room dissolve --app 1 --room 1 --server SERVER TOKEN"},
	{3, "room list --app 404 --server SERVER TOKEN"}, {3, "room users --app 404 --room 1 --server SERVER TOKEN"}, {3, "room list --app 503 --server SERVER TOKEN"},
	{3, "app list --server SECURE TOKEN"}, {3, "app list --server http://127.0.0.1:1 TOKEN"},
}

// unprovoked are the failures that need a broken machine or a signal.
var unprovoked = []string{
	"write standard output: %w",              // output_lost.txtar
	"interrupted after %s",                   // batch_interrupted.txtar
	"read the token from standard input: %w", // standard_input.txtar
	"nothing was done",                       // TestQuestion
	"%s did not answer in time",              // TestSlowServer
}

// outcome is how a command line ended.
type outcome struct {
	status      int
	out, errors string
	formats     []string // of the sentences its error is made of
}

func try(t *testing.T, line, language string, asJSON bool) outcome {
	t.Helper()
	line, stdin, _ := strings.Cut(line, " < ")
	args := strings.Fields(line)
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "BEGIN_PRIVATE_KEY", "BEGIN PRIVATE KEY")
	}
	if asJSON {
		args = append(args, "--json")
	}
	var out, said bytes.Buffer
	u := newUI(strings.NewReader(stdin), &out, &said, func(name string) string {
		if strings.HasPrefix(name, "USERSIG_") {
			return ""
		}
		return language
	})
	u.wait = func(context.Context, time.Duration) error { return nil }
	root := newRoot(u)
	u.json = asJSON
	root.SetArgs(args)
	err := root.Execute()
	var formats []string
	for e := err; e != nil; e = errors.Unwrap(e) {
		if m, ok := e.(message); ok {
			formats = append(formats, formatsOf(m)...)
		}
	}
	if f := fromServer(err); f != nil {
		formats = append(formats, formatsOf(f.message)...)
	}
	return outcome{u.finish(err), out.String(), said.String(), formats}
}

func formatsOf(m message) []string {
	list := []string{m.format}
	for _, a := range m.args {
		if inner, ok := a.(message); ok {
			list = append(list, formatsOf(inner)...)
		}
	}
	return list
}

// allFailing returns the command lines, with every wrong key there is, and the
// folder they are for.
func allFailing(t *testing.T) []string {
	t.Helper()
	plain, secure := httptest.NewServer(http.HandlerFunc(troubled)), httptest.NewUnstartedServer(http.HandlerFunc(troubled))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it says that nobody trusts it
	secure.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	dir := t.TempDir()
	t.Chdir(dir)
	for _, args := range [][]string{{"keygen", "--dir", "keys"}, {"keygen", "--secret", "--dir", "keys"}} {
		if status := run(args, nil, io.Discard, io.Discard, func(string) string { return "" }); status != exitDone {
			t.Fatal("no keys")
		}
	}
	for name, text := range map[string]string{"large": strings.Repeat("a", 70000), "other": "bob,eJx\n", "api.key": "usk_0123_456789\n"} {
		if err := os.WriteFile(filepath.Join("keys", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, line := range map[string]string{"alice": "--app 1 --user a", "bob": "--app 1 --user b", "elsewhere": "--app 2 --user a", "room": "--app 1 --user a --room 1"} {
		token := try(t, "sign --key keys/secret_key "+line, "", false)
		if err := os.WriteFile(filepath.Join("keys", name), []byte(token.out), 0o600); err != nil || token.status != exitDone {
			t.Fatal(token.errors, err)
		}
	}
	if err := os.Symlink("other", filepath.Join("keys", "link")); err != nil {
		t.Fatal(err)
	}
	locked, err := openOutput(filepath.Join("keys", "locked"), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = locked.Close() })
	var lines []string
	fill := strings.NewReplacer("KEYS", "keys", "SERVER", plain.URL, "SECURE", secure.URL, "TOKEN", "--token keys/api.key")
	for _, f := range slices.Concat(failing, failingOnServer) {
		lines = append(lines, fill.Replace(f.line))
	}
	return lines
}

func han(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// Whatever goes wrong, one is told what to do about it: in English, in Chinese, and
// in JSON.
func TestEveryFailureHasARemedy(t *testing.T) {
	_, failures := sentences(t)
	var met []string
	lines := allFailing(t)
	failing := slices.Concat(failing, failingOnServer)
	for i, line := range lines {
		plain := try(t, line, "en_US.UTF-8", false)
		if plain.status != failing[i].status {
			t.Errorf("%.80q: exit status %d, want %d\n%s", line, plain.status, failing[i].status, plain.errors)
		}
		if !strings.Contains(plain.errors, "usersig: hint: ") || strings.Contains(plain.errors, "this is a defect") || han(plain.errors) || strings.Contains(plain.errors, "%!") {
			t.Errorf("%.80q:\n%s", line, plain.errors)
		}
		met = append(met, plain.formats...)

		zh := try(t, line, "zh_CN.UTF-8", false)
		_, said, _ := strings.Cut("\n"+zh.errors, "\nusersig: ")
		for _, text := range strings.Split(said, "\nusersig: ") {
			if !han(text) || strings.Contains(text, "%!") {
				t.Errorf("%.80q in Chinese: %s", line, text)
			}
		}
		if !strings.Contains(zh.errors, "usersig: 提示：") || zh.status != plain.status {
			t.Errorf("%.80q in Chinese:\n%s", line, zh.errors)
		}

		if strings.Contains(line, "--json=") {
			continue
		}
		var object struct {
			Error string
			Hints []string
		}
		asJSON := try(t, line, "zh_CN.UTF-8", true)
		if err := json.Unmarshal([]byte(asJSON.out), &object); err != nil {
			t.Errorf("%.80q: %v: %s", line, err, asJSON.out)
		}
		if object.Error == "" || len(object.Hints) == 0 || han(asJSON.out) || asJSON.status != plain.status {
			t.Errorf("%.80q as JSON: %s", line, asJSON.out)
		}
	}
	for _, format := range failures {
		if !slices.Contains(met, format) && !slices.Contains(unprovoked, format) && strings.ContainsFunc(verb.ReplaceAllString(format, ""), unicode.IsLetter) {
			t.Errorf("no command line leads to %q", format)
		}
	}
}

// A wrong key is the commonest mistake.
func TestWrongKeysInChinese(t *testing.T) {
	wrong, err := filepath.Glob("../../internal/eckey/testdata/wrong/*")
	if err != nil || len(wrong) < 20 {
		t.Fatalf("%d wrong keys, %v", len(wrong), err)
	}
	for _, path := range wrong {
		got := try(t, "verify --app 1 --user a t --key "+path, "zh_CN.UTF-8", false)
		if got.status != exitCannot || strings.Count(got.errors, "\n") != 2 {
			t.Errorf("%s: exit status %d\n%s", path, got.status, got.errors)
		}
		for _, line := range strings.Split(strings.TrimSpace(got.errors), "\n") {
			if !han(line) || strings.Contains(line, "FILE") {
				t.Errorf("%s: %s", path, line)
			}
		}
	}
}

// What the library says of claims may change its words; then this table must follow.
func TestLibraryTextsAreOfTheLibrary(t *testing.T) {
	said := map[int]bool{}
	note := func(err error) {
		for i, l := range libraryTexts {
			if l.en.MatchString(err.Error()) {
				said[i] = true
			}
		}
	}
	rejected := "batch --app 1 --key keys/secret_key < " + strings.Repeat("a", 100000)
	for _, line := range append(allFailing(t), rejected) {
		note(errors.New(try(t, line, "", false).errors))
	}
	for i, l := range libraryTexts {
		if l.hint.format != "" && !said[i] {
			t.Errorf("nobody says %v", l.en)
		}
	}
}

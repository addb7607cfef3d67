package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"usersig/server/internal/store/pgtest"
)

// makeFixture makes the fixtures of a version of the schema. It is used once for each,
// before the next migration is written:
//
//	go test . -run ^TestUpgrade$ -args -make-fixture=2
var makeFixture = flag.Int("make-fixture", 0, "make the fixtures of the current `version` of the schema")

// fixture is a state that an earlier version has made, in testdata/vN/STORE: its tables
// (dump.sql), its KEK and operator's credential, and what must be found in it
// (kept.json). Its keys were never used for anything else.
type fixture struct {
	t      *testing.T
	folder string
}

// found is what must be found in a fixture.
type found struct {
	Apps []kept
	Head string // of the audit log
	Next uint32 // the SDKAppID of the next application
}

// TestUpgrade opens the states that earlier versions have made, and finds everything.
func TestUpgrade(t *testing.T) {
	for _, store := range []string{"sqlite", "postgres"} {
		if *makeFixture > 0 {
			(&fixture{t, filepath.Join("testdata", fmt.Sprintf("v%d", *makeFixture), store)}).make(store)
		}
		folders, err := filepath.Glob("testdata/v*/" + store)
		if err != nil || len(folders) == 0 {
			t.Fatalf("there are no fixtures: %v", err)
		}
		for _, folder := range folders {
			t.Run(filepath.Base(filepath.Dir(folder))+"/"+store, func(t *testing.T) {
				f := &fixture{t, folder}
				n, version := f.restore(store)
				f.check(n)
				migrations, err := filepath.Glob("../internal/store/" + store + "/migrations/*.sql")
				if err != nil || version() != len(migrations) {
					t.Errorf("the schema has version %d and there are %d migrations (%v)", version(), len(migrations), err)
				}
			})
		}
	}
}

func (f *fixture) read(name string) []byte {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.folder, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

// restore makes a node of a fixture. Version tells that of its schema.
func (f *fixture) restore(store string) (n *node, version func() int) {
	t := f.t
	t.Helper()
	n = newNode(t)
	if err := os.Mkdir(n.data, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kek", "operator.token"} {
		if err := os.WriteFile(filepath.Join(n.data, name), f.read(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if store == "sqlite" {
		file := filepath.Join(n.data, "usersig.db")
		load(t, file, string(f.read("dump.sql")))
		return n, func() int { return schemaVersion(t, file) }
	}
	url := pgtest.URL(t)
	n.configure(onPostgres(url))
	psql(t, url, "--file="+filepath.Join(f.folder, "dump.sql"))
	return n, func() int {
		v, err := strconv.Atoi(strings.TrimSpace(psql(t, url, "--command=SELECT max(version) FROM usersig.migrations")))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (f *fixture) check(n *node) {
	t := f.t
	t.Helper()
	var want found
	if err := json.Unmarshal(f.read("kept.json"), &want); err != nil {
		t.Fatal(err)
	}
	d := n.start()
	n.verifyAudit(want.Head)
	c := d.client(n.operator())
	for _, app := range want.Apps {
		app.check(t, c)
	}
	if next := c.hosted(t, nil); next != fmt.Sprintf("/v1/apps/%d", want.Next) {
		t.Errorf("the next application is %s, want number %d: numbers are never used again", next, want.Next)
	}
	d.stop()
	n.verifyAudit(want.Head)
}

// make makes the fixture of a store.
func (f *fixture) make(store string) {
	t := f.t
	t.Helper()
	url, n := "", newNode(t)
	if store == "postgres" {
		url = pgtest.URL(t)
		n.configure(onPostgres(url))
	}
	n.must("init")
	d := n.start()
	c := d.client(n.operator())
	want := found{Apps: []kept{keep(t, c, c.hosted(t, longLived)), keep(t, c, c.hosted(t, withScheme("hmac")))}}
	gone := c.hosted(t, nil)
	c.must(t, "PATCH", gone, object{"state": "stopped"})
	c.send(t, "DELETE", gone, nil)
	want.Next = 1400000003
	d.stop()
	want.Head = n.verifyAudit("")
	f.write("dump.sql", dump(t, store, url, filepath.Join(n.data, "usersig.db")))
	text, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	f.write("kept.json", string(text)+"\n")
	for _, name := range []string{"kek", "operator.token"} {
		secret, err := os.ReadFile(filepath.Join(n.data, name))
		if err != nil {
			t.Fatal(err)
		}
		f.write(name, string(secret))
	}
}

func (f *fixture) write(name, text string) {
	f.t.Helper()
	if err := os.MkdirAll(f.folder, 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.folder, name), []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// dump returns the SQL that makes a database. That of PostgreSQL is left without what
// only some of its versions know.
func dump(t *testing.T, store, url, file string) string {
	t.Helper()
	if store == "sqlite" {
		return dumpSQLite(t, file)
	}
	var lines []string
	for line := range strings.Lines(tool(t, "pg_dump", "--schema=usersig", "--no-owner", "--inserts", "--dbname="+url)) {
		special := strings.HasPrefix(line, "SET ") || strings.HasPrefix(line, "SELECT pg_catalog.set_config") ||
			strings.HasPrefix(line, `\`) || strings.HasPrefix(line, "--") || line == "\n"
		if !special {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

func anEntry(n int) *audit.Entry {
	return &audit.Entry{At: time.Unix(1_700_000_000, 0), Caller: "apikey:1", Action: "usersig.issue", App: uint32(1 + n%2), Subject: fmt.Sprintf("user&%d", n), Outcome: audit.Done}
}

func appended(t *testing.T, l *ledger, n int) {
	t.Helper()
	for i := range n {
		e := anEntry(i)
		if err := l.append(t.Context(), []*audit.Entry{e}); err != nil {
			t.Fatal(err)
		}
		if e.Seq == 0 || e.Hash == "" {
			t.Fatalf("the entry was not linked: %+v", e)
		}
	}
}

func openedLedger(t *testing.T, path string) *ledger {
	t.Helper()
	l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.close() })
	return l
}

// entriesOf checks a file and returns how many entries it has.
func entriesOf(t *testing.T, path string) int64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var check audit.Checker
	if err := ReadEntries(f, check.Next); err != nil {
		t.Fatal(err)
	}
	seq, _ := check.Head()
	return seq
}

func TestLedgerResumes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := openedLedger(t, path)
	appended(t, l, 3)
	if _, err := openLedger(path); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second writer: %v", err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	if err := l.append(t.Context(), []*audit.Entry{anEntry(0)}); !errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("append after close = %v", err)
	}
	l = openedLedger(t, path)
	if got := len(l.page(0, 0, 100)); got != 3 {
		t.Errorf("%d entries can be read after a restart", got)
	}
	appended(t, l, 2)
	if got := entriesOf(t, path); got != 5 {
		t.Errorf("the file has %d entries", got)
	}
	if got := modeOf(t, path); got != 0o600 {
		t.Errorf("the file has mode %o", got)
	}
}

// TestLedgerHostileText: whatever a client has sent, the log can be read afterwards. A
// byte that is not UTF-8 would be hashed in one spelling and read in another, and the
// signer would take its own log for a forged one and not start again.
func TestLedgerHostileText(t *testing.T) {
	hostile := "\xff\x00\n\u2028<script>&\"\\\xc3\x28\U0001F600\uFFFD\x7f"
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := openedLedger(t, path)
	e := anEntry(0)
	e.Caller, e.Source, e.Request, e.Subject, e.Detail = hostile, hostile, hostile, hostile, hostile
	e.Action, e.Outcome = access.Action(hostile), audit.Outcome(hostile)
	if err := l.append(t.Context(), []*audit.Entry{e, anEntry(1)}); err != nil {
		t.Fatal(err)
	}
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	l = openedLedger(t, path)
	page := l.page(0, 0, 10)
	if len(page) != 2 || page[0] != *e {
		t.Errorf("the log says %+v, and the caller was told %+v", page, *e)
	}
	if got := entriesOf(t, path); got != 2 {
		t.Errorf("the file has %d entries", got)
	}
}

// TestLedgerTorn: what a crash left of a write that nobody was told of goes.
func TestLedgerTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := openedLedger(t, path)
	appended(t, l, 2)
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, torn := range []string{"{", `{"seq":3,`, string(whole[:len(whole)/2-1])} {
		write(t, path, string(whole)+torn)
		if err := ReadEntries(strings.NewReader(string(whole)+torn), func(audit.Entry) error { return nil }); !errors.Is(err, audit.ErrBroken) {
			t.Errorf("ReadEntries of a torn file = %v", err)
		}
		l := openedLedger(t, path)
		appended(t, l, 1)
		if err := l.close(); err != nil {
			t.Fatal(err)
		}
		if got := entriesOf(t, path); got != 3 {
			t.Errorf("after %q the file has %d entries", torn, got)
		}
	}
}

// TestLedgerTampered: a log that somebody changed is not gone on with.
func TestLedgerTampered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := openedLedger(t, path)
	appended(t, l, 3)
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for name, text := range map[string]string{
		"changed":   strings.Replace(string(whole), "apikey:1", "apikey:2", 1),
		"left out":  lines[0] + lines[2],
		"moved":     lines[1] + lines[0] + lines[2],
		"added":     string(whole) + lines[2],
		"spelled":   strings.Replace(string(whole), `{"seq"`, `{"note":"x","seq"`, 1),
		"spaced":    strings.Replace(string(whole), `{"seq"`, `{ "seq"`, 1),
		"not JSON":  "x\n" + string(whole),
		"empty":     "\n" + string(whole),
		"long line": strings.Repeat("x", maxLine+1) + "\n",
	} {
		write(t, path, text)
		if l, err := openLedger(path); !errors.Is(err, audit.ErrBroken) || l != nil {
			t.Errorf("%s: openLedger = %v", name, err)
		}
		var check audit.Checker
		if err := ReadEntries(strings.NewReader(text), check.Next); !errors.Is(err, audit.ErrBroken) {
			t.Errorf("%s: ReadEntries = %v", name, err)
		}
	}
	// The API leaves characters alone that the log escapes: the same entry.
	api := strings.ReplaceAll(string(whole), `\u0026`, "&")
	if api == string(whole) {
		t.Fatal("there is nothing escaped in the log")
	}
	var check audit.Checker
	if err := ReadEntries(strings.NewReader(api), check.Next); err != nil {
		t.Errorf("the API's spelling: %v", err)
	}
}

// TestLedgerFails: a write that fails leaves nothing behind, and the next one works.
func TestLedgerFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := openedLedger(t, path)
	appended(t, l, 1)
	real := l.out
	l.out = writer(func(p []byte) (int, error) { // a full disk
		n, _ := real.Write(p[:len(p)/2])
		return n, errors.New("no space left")
	})
	e := anEntry(1)
	if err := l.append(t.Context(), []*audit.Entry{e}); !errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("append = %v", err)
	}
	if e.Seq != 0 || e.Hash != "" {
		t.Errorf("an entry that is not in the log has number %d", e.Seq)
	}
	l.out = real
	appended(t, l, 1)
	if got := entriesOf(t, path); got != 2 {
		t.Errorf("the file has %d entries", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.append(ctx, []*audit.Entry{anEntry(0)}); !errors.Is(err, context.Canceled) {
		t.Errorf("append for who gave up = %v", err)
	}
}

// TestLedgerDoubt: when it cannot be said where the log ends, no more is written.
func TestLedgerDoubt(t *testing.T) {
	l := openedLedger(t, filepath.Join(t.TempDir(), "audit.jsonl"))
	if err := l.file.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.append(t.Context(), []*audit.Entry{anEntry(0)}); !errors.Is(err, issuer.ErrUnavailable) {
			t.Errorf("append = %v", err)
		}
	}
	if l.lost == nil {
		t.Error("the ledger goes on")
	}
	l.file = nil // it is closed

	broken := newLedger(writer(func([]byte) (int, error) { return 0, io.ErrClosedPipe }))
	for range 2 {
		if err := broken.append(t.Context(), []*audit.Entry{anEntry(0)}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("append = %v", err)
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// TestLedgerTail: memory does not grow with the log.
func TestLedgerTail(t *testing.T) {
	l := newLedger(io.Discard)
	const all = 5 * mostTail
	for i := range all {
		if err := l.append(t.Context(), []*audit.Entry{anEntry(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.tail) > 2*mostTail || cap(l.tail) > 4*mostTail {
		t.Errorf("%d entries are in memory, with room for %d", len(l.tail), cap(l.tail))
	}
	if page := l.page(0, all-10, 100); len(page) != 10 || page[9].Seq != all {
		t.Errorf("the last page has %d entries", len(page))
	}
	if page := l.page(1, 0, 3); len(page) != 3 || page[0].App != 1 {
		t.Errorf("a page of one application: %v", page)
	}
}

func TestOpenLedgerOf(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	for _, c := range []struct {
		audit, data string
		file        string
	}{
		{"", "", ""}, {"-", dir, ""}, {"", dir, filepath.Join(dir, ledgerFile)}, {filepath.Join(dir, "x"), "", filepath.Join(dir, "x")},
	} {
		l, err := openLedgerOf(t.Context(), configOf(c.audit, c.data), Options{Stdout: &out, Clock: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if (l.file != nil) != (c.file != "") || l.file != nil && l.file.Name() != c.file {
			t.Errorf("audit %q, data %q: %+v", c.audit, c.data, l)
		}
		if err := l.close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := openLedger(dir); err == nil {
		t.Error("a folder is a log")
	}
}

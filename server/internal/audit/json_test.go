package audit_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
)

// same compares the text of an entry with that of the standard library.
func same(t *testing.T, e *audit.Entry) {
	t.Helper()
	want, wantErr := json.Marshal(e)
	got, err := e.AppendJSON([]byte("before"))
	if wantErr != nil || err != nil {
		if wantErr == nil || err == nil || got != nil {
			t.Errorf("%+v: %s, %v; the standard library: %v", e, got, err, wantErr)
		}
		return
	}
	if string(got) != "before"+string(want) {
		t.Errorf("%s\nand not\n%s", got, want)
	}
}

// texts are strings that JSON writes in a way of its own.
var texts = []string{
	"", "alice", "\"", "\\", "<&>", "\x00", "\x1f", "\x7f", "~ ", "\n\r\t\b\f", "\u2028\u2029", "小明", "\xff", "a\xe2\x80", "\u0080", "\U0001f600", "/",
}

// TestTextIsThatOfTheStandardLibrary: logs that exist were hashed by it, and an export
// is read by it. Every field takes every text, so that a field that is added is noticed.
func TestTextIsThatOfTheStandardLibrary(t *testing.T) {
	for i := range reflect.TypeFor[audit.Entry]().NumField() {
		for _, text := range texts {
			var e audit.Entry
			switch f := reflect.ValueOf(&e).Elem().Field(i); f.Kind() {
			case reflect.String:
				f.SetString(text)
			case reflect.Int64:
				f.SetInt(int64(len(text)) - 1)
			case reflect.Uint32:
				f.SetUint(uint64(len(text)))
			default:
				if f.Type() != reflect.TypeFor[time.Time]() {
					t.Fatalf("what does a %s look like?", f.Type())
				}
			}
			same(t, &e)
		}
	}
	for _, at := range []time.Time{
		{}, time.Unix(0, 1), time.Unix(1, 999999999).UTC(), time.Date(2026, 11, 23, 9, 0, 0, 120, time.FixedZone("", 8*3600)),
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1900, 1, 1, 0, 0, 0, 0, time.FixedZone("", 25*3600)),
	} {
		same(t, &audit.Entry{At: at})
	}
}

func FuzzText(f *testing.F) {
	for _, text := range texts {
		f.Add(text, int64(1), uint32(2))
	}
	f.Fuzz(func(t *testing.T, text string, n int64, app uint32) {
		same(t, &audit.Entry{
			Seq: n, At: time.Unix(n%1e11, n), Caller: text, Source: text, Request: text, Action: access.Action(text),
			App: app, Subject: text, Outcome: audit.Outcome(text), Detail: text, Hash: text,
		})
	})
}

// TestAppendLinked: the line that is kept is the entry that was linked.
func TestAppendLinked(t *testing.T) {
	e := audit.Entry{At: time.Unix(1, 0), Caller: "a<b"}
	linked := e
	if err := linked.Link(4, "before"); err != nil {
		t.Fatal(err)
	}
	got, err := e.AppendLinked([]byte("kept "), 4, "before")
	want, _ := json.Marshal(linked)
	if err != nil || string(got) != "kept "+string(want) || e != linked {
		t.Errorf("%s, %v\nand not\n%s", got, err, want)
	}
	// Known by heart: the definition of the hash must not change.
	const hash = "c6df603c2a9f3519b758fc72269f074dcb03061b28906a9992e8bdd560c3baa8"
	if e.Hash != hash {
		t.Errorf("the hash is %s, want %s", e.Hash, hash)
	}
}

func BenchmarkAppendLinked(b *testing.B) {
	e := audit.Entry{
		At: time.Unix(1795426000, 123456789), Caller: "apikey:0123456789abcdef", Source: "192.0.2.1", Request: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		Action: access.IssueUserSig, App: 1400000000, Subject: "alice", Outcome: audit.Done,
	}
	prev, buf := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.AppendLinked(buf, 1000, prev); err != nil {
			b.Fatal(err)
		}
	}
}

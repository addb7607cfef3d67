// Package benchtable measures what the server costs beside what it cannot do without,
// in one run on one machine: times do not carry over from one machine to another,
// ratios do. It adds its rows to those of the library's table.
package benchtable

import (
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"usersig/server/internal/store/pgtest"
)

var (
	out  = flag.String("bench-out", "", "add the table to this file, as JSON")
	only = flag.String("bench-only", "", "measure only the rows whose names match this regular expression")
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// row is one line of the table and of bench.json. The first seven are those of the
// library's rows.
type row struct {
	Name      string  `json:"name"`
	NS        float64 `json:"ns"`      // ours, nanoseconds of a request with all connections busy
	BareNS    float64 `json:"bare_ns"` // the same of what it is compared with
	Ratio     float64 `json:"ratio"`
	Allocs    int64   `json:"allocs"` // ours, a request
	Target    float64 `json:"target"` // the largest ratio that will do
	OK        bool    `json:"ok"`
	PerSecond float64 `json:"per_second,omitempty"`
	P50       float64 `json:"p50_ns,omitempty"`
	P99       float64 `json:"p99_ns,omitempty"`
	SignNS    float64 `json:"sign_ns,omitempty"` // the bare signer, in the same run
}

// work is a row to measure.
type work struct {
	name   string
	target float64
	ours   *load
	bare   *load
	sign   func() error // the signature alone
}

// Ours and bare take turns, and the fastest round of each counts: what disturbs a
// measurement only ever makes it slower.
const (
	rounds = 12
	turn   = 250 * time.Millisecond
)

// measure fills in the best of every load.
func measure(t *testing.T, all []*load) {
	for range rounds {
		for _, l := range all {
			got, err := l.run(turn)
			if err != nil {
				t.Fatalf("%s: %v", l.name, err)
			}
			if l.best.requests == 0 || got.ns() < l.best.ns() {
				l.best = got
			}
		}
	}
}

func (w *work) row(t *testing.T) row {
	best := &w.ours.best
	r := row{
		Name: w.name, Target: w.target, NS: tenth(best.ns()), BareNS: tenth(w.bare.best.ns()),
		Allocs: best.allocs, PerSecond: math.Round(1e9 / best.ns()), P50: best.quantile(0.50), P99: best.quantile(0.99),
		SignNS: math.Inf(1),
	}
	for range rounds {
		r.SignNS = min(r.SignNS, tenth(alone(t, w.sign)))
	}
	r.Ratio = math.Round(r.NS/r.BareNS*100) / 100
	r.OK = r.Ratio <= w.target
	return r
}

func tenth(ns float64) float64 { return math.Round(ns*10) / 10 }

// alone returns the nanoseconds of a call.
func alone(t *testing.T, f func() error) float64 {
	const calls = 300
	started := time.Now()
	for range calls {
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	return float64(time.Since(started)) / calls
}

// TestTable prints the table. It reports and never fails on a slow machine: speed
// is shown, not asserted.
func TestTable(t *testing.T) {
	if *out == "" {
		t.Log("not asked to measure: make bench does")
		return
	}
	all := works(t)
	measure(t, loads(all))
	var table []row
	if *only == "" {
		table = commits(t)
	}
	for _, w := range all {
		table = append(table, w.row(t))
	}
	t.Logf("%-34s %9s %9s %6s %6s %6s %8s %8s %8s %9s", "work", "ns", "bare ns", "ratio", "target", "allocs", "/s", "p50 µs", "p99 µs", "sign ns")
	for _, r := range table {
		mark := "ok"
		if !r.OK {
			mark = "MISSED"
		}
		t.Logf("%-34s %9.0f %9.0f %6.2f %6.2f %6d %8.0f %8.0f %8.0f %9.0f  %s",
			r.Name, r.NS, r.BareNS, r.Ratio, r.Target, r.Allocs, r.PerSecond, r.P50/1e3, r.P99/1e3, r.SignNS, mark)
	}
	if err := merge(*out, table); err != nil {
		t.Fatal(err)
	}
}

// loads lists what is measured, each once however many rows compare with it.
func loads(all []*work) (list []*load) {
	for _, w := range all {
		for _, l := range []*load{w.bare, w.ours} {
			if !slices.Contains(list, l) {
				list = append(list, l)
			}
		}
	}
	return list
}

// merge adds a table to the file, in place of the rows of the same names.
func merge(path string, table []row) error {
	var file []json.RawMessage
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file = slices.DeleteFunc(file, func(old json.RawMessage) bool {
		var r row
		return json.Unmarshal(old, &r) == nil && slices.ContainsFunc(table, func(ours row) bool { return ours.Name == r.Name })
	})
	for _, r := range table {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		file = append(file, line)
	}
	if text, err = json.MarshalIndent(file, "", "  "); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}

// TestMerge: the library's rows stay, ours are replaced, and a file that is not a table
// is not overwritten.
func TestMerge(t *testing.T) {
	path := t.TempDir() + "/bench.json"
	read := func() (names []string) {
		var file []row
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, &file)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range file {
			names = append(names, r.Name)
		}
		return names
	}
	for _, table := range [][]row{{{Name: "library"}, {Name: "a"}}, {{Name: "a"}, {Name: "b"}}} {
		if err := merge(path, table); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := read(), []string{"library", "a", "b"}; !slices.Equal(got, want) {
		t.Errorf("the file has rows %q, want %q", got, want)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := merge(path, nil); err == nil {
		t.Error("a file that is no table was overwritten")
	}
}

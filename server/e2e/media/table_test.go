package media_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"usersig/server/internal/gate"
)

var benchOut = flag.String("bench-out", "", "measure, and add the table to this file, as JSON")

// row is one line of the table and of bench.json. Whatever a row is of, NS is ours and
// BareNS what it is compared with, in the same run; 0 is nothing.
type row struct {
	Name      string  `json:"name"`
	NS        float64 `json:"ns"`
	BareNS    float64 `json:"bare_ns,omitempty"`
	Ratio     float64 `json:"ratio,omitempty"`
	PerSecond float64 `json:"per_second,omitempty"`
	P99       float64 `json:"p99_ns,omitempty"`
	Bytes     int64   `json:"bytes,omitempty"`
}

// TestTable prints what the door costs. It reports and never fails on a slow machine:
// speed is shown, not asserted.
func TestTable(t *testing.T) {
	if *benchOut == "" {
		t.Log("not asked to measure: make bench does")
		return
	}
	table := append(admissions(t), joins(t))
	table = append(table, idle(t))
	for _, n := range []int{1, 100, 1000} {
		table = append(table, evictions(t, n))
	}
	t.Logf("%-34s %12s %12s %6s %9s %9s %9s", "work", "ns", "bare ns", "ratio", "/s", "p99 µs", "bytes")
	for _, r := range table {
		t.Logf("%-34s %12.0f %12.0f %6.2f %9.0f %9.1f %9d", r.Name, r.NS, r.BareNS, r.Ratio, r.PerSecond, r.P99/1e3, r.Bytes)
	}
	if err := merge(*benchOut, table); err != nil {
		t.Fatal(err)
	}
}

// timed returns how long each of n calls took, in order of length.
func timed(t *testing.T, n int, f func() error) []time.Duration {
	t.Helper()
	all := make([]time.Duration, n)
	for i := range all {
		started := time.Now()
		if err := f(); err != nil {
			t.Fatal(err)
		}
		all[i] = time.Since(started)
	}
	slices.Sort(all)
	return all
}

func mean(all []time.Duration) float64 {
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	return float64(sum) / float64(len(all))
}

// evictions measures how long it takes from a revocation's request until n users of one
// room have all left.
func evictions(t *testing.T, n int) row {
	w := open(t, nil)
	a := w.app(nil)
	all := w.crowd(a, n)
	started := time.Now()
	w.Must("PATCH", a.path(""), object{"state": "stopped"})
	for _, p := range all {
		p.leaves()
	}
	took := time.Since(started)
	w.Stop()
	return row{Name: fmt.Sprintf("eviction of %d", n), NS: float64(took)}
}

// crowd has n users join the lobby, a few at a time.
func (w *world) crowd(a *app, n int) []*party {
	w.T.Helper()
	all, failed := make([]*party, n), make([]error, n)
	next := make(chan int)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range next {
				all[i], failed[i] = w.patiently(a.credential(fmt.Sprintf("user_%d", i), lobby))
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	if err := errors.Join(failed...); err != nil {
		w.T.Fatal(err)
	}
	return all
}

// patiently is join on a machine on which a thousand clients run too.
func (w *world) patiently(c gate.Credential) (p *party, err error) {
	for range 5 {
		if p, err = w.join(c); err == nil {
			return p, nil
		}
	}
	return nil, err
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

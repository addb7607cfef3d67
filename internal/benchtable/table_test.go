// Package benchtable measures what the library costs beside the bare primitive it
// cannot do without, in one run on one machine: times do not carry over from one
// machine to another, ratios do.
package benchtable

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"testing"
)

var out = flag.String("bench-out", "", "write the table to this file, as JSON")

// row is one line of the table and of bench.json.
type row struct {
	Name   string  `json:"name"`
	NS     float64 `json:"ns"`      // ours, nanoseconds
	BareNS float64 `json:"bare_ns"` // the bare primitive
	Ratio  float64 `json:"ratio"`
	Allocs int64   `json:"allocs"` // ours
	Target float64 `json:"target"` // the largest ratio that will do
	OK     bool    `json:"ok"`
}

// work is a row to measure.
type work struct {
	name   string
	target float64
	allocs int64 // the most that will do, or -1
	ours   func(b *testing.B)
	bare   func(b *testing.B)
}

// rounds is how often ours and bare take turns. The fastest round of each counts:
// what disturbs a measurement only ever makes it slower.
const rounds = 7

func (w *work) measure() row {
	r := row{Name: w.name, Target: w.target, NS: math.Inf(1), BareNS: math.Inf(1)}
	for range rounds {
		ours, bare := testing.Benchmark(w.ours), testing.Benchmark(w.bare)
		r.NS, r.BareNS = min(r.NS, perOp(ours)), min(r.BareNS, perOp(bare))
		r.Allocs = ours.AllocsPerOp()
	}
	r.Ratio = math.Round(r.NS/r.BareNS*100) / 100
	r.OK = r.Ratio <= w.target && (w.allocs < 0 || r.Allocs <= w.allocs)
	return r
}

func perOp(r testing.BenchmarkResult) float64 {
	return math.Round(float64(r.T.Nanoseconds())/float64(r.N)*10) / 10
}

// TestTable prints the table. It reports and never fails on a slow machine: speed
// is shown, not asserted.
func TestTable(t *testing.T) {
	if *out == "" {
		t.Log("not asked to measure: make bench does")
		return
	}
	if err := flag.Set("test.benchtime", "150ms"); err != nil {
		t.Fatal(err)
	}
	var table []row
	t.Logf("%-28s %10s %10s %7s %7s %7s", "work", "ns", "bare ns", "ratio", "target", "allocs")
	for _, w := range works(t) {
		r := w.measure()
		mark := "ok"
		if !r.OK {
			mark = "MISSED"
		}
		t.Logf("%-28s %10.0f %10.0f %7.2f %7.2f %7d  %s", r.Name, r.NS, r.BareNS, r.Ratio, r.Target, r.Allocs, mark)
		table = append(table, r)
	}
	data, err := json.MarshalIndent(table, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*out, append(data, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

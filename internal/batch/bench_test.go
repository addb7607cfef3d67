package batch_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"usersig"
	"usersig/internal/batch"
)

// BenchmarkRun says how many tokens come out in a second, and beside it how many
// one goroutine signs that does nothing else.
func BenchmarkRun(b *testing.B) {
	key, err := usersig.GenerateKey(usersig.P256)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		key    usersig.SigningKey
		format batch.Format
		lines  int
	}{
		{"v2/csv", secret, batch.CSV, 200_000},
		{"v2/ndjson", secret, batch.NDJSON, 200_000},
		{"v1/csv", key, batch.CSV, 5_000},
	} {
		in := users(c.lines)
		s := signer(b, c.key, nil)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				j := batch.Job{Signer: s, TTL: time.Hour, In: bytes.NewReader(in), Out: io.Discard, Format: c.format}
				if got, err := batch.Run(b.Context(), j); err != nil || got.Signed != int64(c.lines) {
					b.Fatal(got, err)
				}
			}
			b.ReportMetric(float64(c.lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
		b.Run(c.name+"/bare", func(b *testing.B) {
			var dst []byte
			for b.Loop() {
				if dst, err = s.AppendSign(dst[:0], usersig.Claims{UserID: "user-100000", TTL: time.Hour}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// BenchmarkResume says how fast earlier output is compared.
func BenchmarkResume(b *testing.B) {
	const n = 200_000
	in := users(n)
	var out file
	if _, err := batch.Resume(b.Context(), &out, job(b, bytes.NewReader(in), nil)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		got, err := batch.Resume(b.Context(), &out, job(b, bytes.NewReader(in), nil))
		if err != nil || got.Skipped != n {
			b.Fatal(got, err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

package batch_test

import (
	"bytes"
	"testing"

	"usersig/internal/batch"
)

// FuzzResume cuts the output for an arbitrary input anywhere and expects that
// Resume puts it together again. That fails if Run and Resume differ over which
// lines can be signed or how a row begins.
func FuzzResume(f *testing.F) {
	for _, format := range []batch.Format{batch.CSV, batch.NDJSON} {
		f.Add([]byte(mixed), uint16(500), uint8(format), true)
		f.Add([]byte("a\r\n\"\\,\n\u2028\u2029\n"), uint16(0), uint8(format), false)
	}
	f.Fuzz(func(t *testing.T, in []byte, cut uint16, format uint8, header bool) {
		do := func(f *file) batch.Result {
			j := job(t, bytes.NewReader(in), nil)
			j.Jobs, j.Format, j.Header = 2, batch.Format(format%2), header
			got, err := batch.Resume(t.Context(), f, j)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		var whole file
		want := do(&whole)
		f := file{data: bytes.Clone(whole.data[:min(int(cut), len(whole.data))])}
		got := do(&f)
		if !bytes.Equal(f.data, whole.data) {
			t.Errorf("cut at %d: got\n%q\nwant\n%q", cut, f.data, whole.data)
		}
		if got.Signed+got.Skipped != want.Signed || got.Rejected != want.Rejected {
			t.Errorf("cut at %d: Resume = %+v, in one run %+v", cut, got, want)
		}
	})
}

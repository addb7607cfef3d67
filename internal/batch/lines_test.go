package batch_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"usersig"
	"usersig/internal/batch"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 5000)
	longer := strings.Repeat("y", 1<<20)
	for _, c := range []struct {
		name, in string
		want     string // user IDs
		rejected string // lines
	}{
		{"empty", "", "", ""},
		{"no last line feed", "a\nb", "a b", ""},
		{"CRLF", "a\r\nb\r\n", "a b", ""},
		{"CR at the end", "a\r\nb\r", "a b", ""},
		{"two CRs", "a\r\r\nb\n", "b", "1"},
		{"CR within", "a\rb\nc", "c", "1"},
		{"blank lines", "\n\na\n\r\nb\n\n", "a b", ""},
		{"byte order mark", "\ufeffa\nb\n", "a b", ""},
		{"byte order mark alone", "\ufeff", "", ""},
		{"byte order mark and blank", "\ufeff\r\na", "a", ""},
		{"byte order mark later", "a\n\ufeffb\n", "a \ufeffb", ""},
		{"not UTF-8", "a\n\xff\xfe\nb", "a b", "2"},
		{"tab", "a\tb\nc", "c", "1"},
		{"longest", strings.Repeat("x", 32) + "\n" + strings.Repeat("x", 33), strings.Repeat("x", 32), "2"},
		{"overlong", "a\n" + long + "\nb\n", "a b", "2"},
		{"overlong without end", "a\n" + long, "a", "2"},
		{"larger than any buffer", longer + "\nb\n" + longer + "\r\nc\n" + longer, "b c", "1 3 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for how, in := range map[string]io.Reader{
				"whole": strings.NewReader(c.in), "data with EOF": iotest.DataErrReader(strings.NewReader(c.in)),
				"by halves": iotest.HalfReader(strings.NewReader(c.in)),
			} {
				var out bytes.Buffer
				var rejected []string
				j := job(t, in, &out)
				j.Reject = func(line int64, err error) {
					if !errors.Is(err, usersig.ErrInvalidClaims) {
						t.Errorf("line %d: %v", line, err)
					}
					if strings.Contains(err.Error(), "xxx") || len(err.Error()) > 200 {
						t.Errorf("line %d is echoed: %.200q", line, err)
					}
					rejected = append(rejected, fmt.Sprint(line))
				}
				got, err := batch.Run(t.Context(), j)
				if err != nil {
					t.Fatal(err)
				}
				users := column(t, &out)
				if strings.Join(users, " ") != c.want || strings.Join(rejected, " ") != c.rejected {
					t.Errorf("%s: signed %q, rejected lines %q, want %q, %q", how, users, rejected, c.want, c.rejected)
				}
				if want := (batch.Result{Signed: int64(len(users)), Rejected: int64(len(rejected))}); got != want {
					t.Errorf("%s: Run = %+v, want %+v", how, got, want)
				}
			}
		})
	}
}

func column(tb testing.TB, out io.Reader) []string {
	tb.Helper()
	rows, err := csv.NewReader(out).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	var users []string
	for _, row := range rows {
		users = append(users, row[0])
	}
	return users
}

func TestRejectedLinesKeepOrder(t *testing.T) {
	const n = 20_000
	var in bytes.Buffer
	var want []int64
	for i := range n {
		if i%3 == 1 {
			fmt.Fprintf(&in, "bad\x01%d\n", i)
			want = append(want, int64(i+1))
		} else {
			fmt.Fprintf(&in, "user-%d\n", i)
		}
	}
	var got []int64
	j := job(t, &in, io.Discard)
	j.Jobs = 8
	j.Reject = func(line int64, _ error) { got = append(got, line) }
	res, err := batch.Run(t.Context(), j)
	if err != nil || res.Rejected != int64(len(want)) || res.Signed != n-res.Rejected {
		t.Fatalf("Run = %+v, %v, want %d rejected", res, err, len(want))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Error("lines are rejected out of order")
	}
}

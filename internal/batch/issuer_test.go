package batch_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"usersig"
	"usersig/internal/batch"
)

// elsewhere is an issuer that signs as the jobs of the other tests do, but for user
// IDs with a "!".
type elsewhere struct {
	signer         *usersig.Signer
	calls, largest atomic.Int64
	fails          error
	short          bool
}

var errExclamation = errors.New("no exclamation")

func (e *elsewhere) Issue(_ context.Context, users []string) ([]batch.Issued, error) {
	e.calls.Add(1)
	e.largest.Store(max(e.largest.Load(), int64(len(users))))
	if e.fails != nil {
		return nil, e.fails
	}
	out := make([]batch.Issued, 0, len(users))
	for _, user := range users {
		token, err := e.signer.Sign(usersig.Claims{UserID: user, TTL: time.Hour, IssuedAt: epoch})
		if strings.Contains(user, "!") {
			token, err = "", errExclamation
		}
		out = append(out, batch.Issued{Token: token, ExpiresAt: epoch.Add(time.Hour), Err: err})
	}
	if e.short {
		return out[1:], nil
	}
	return out, nil
}

func issued(tb testing.TB, e *elsewhere, in io.Reader, out io.Writer) batch.Job {
	e.signer = signer(tb, secret, nil)
	return batch.Job{Issuer: e, AppID: app, In: in, Out: out, Jobs: 3}
}

// What an issuer makes is what a signer would have made, row by row, and so are the
// lines that are rejected.
func TestIssuerIsLikeASigner(t *testing.T) {
	in := string(users(2500)) + strings.Join(awkward, "\n") + "\n\n\xff\n" + strings.Repeat("a", 33) + "\nlast\n" + strings.Repeat("b", 2000) + "\na\x00b"
	for _, format := range []batch.Format{batch.CSV, batch.NDJSON} {
		type rejection struct {
			line int64
			text string
		}
		var outs [2]bytes.Buffer
		var rejected [2][]rejection
		e := &elsewhere{}
		jobs := [2]batch.Job{job(t, strings.NewReader(in), &outs[0]), issued(t, e, strings.NewReader(in), &outs[1])}
		for i, j := range jobs {
			j.Format, j.Header = format, format == batch.CSV
			j.Reject = func(line int64, err error) { rejected[i] = append(rejected[i], rejection{line, err.Error()}) }
			got, err := batch.Run(t.Context(), j)
			if want := (batch.Result{Signed: 2501 + int64(len(awkward)), Rejected: 4}); err != nil || got != want {
				t.Fatalf("job %d: Run = %+v, %v, want %+v", i, got, err, want)
			}
		}
		if outs[0].String() != outs[1].String() {
			t.Errorf("format %d: the issuer's output is another", format)
		}
		for i, want := range rejected[0] {
			if rejected[1][i] != want {
				t.Errorf("rejected %v, want %v", rejected[1][i], want)
			}
		}
		if e.largest.Load() > 1000 || e.calls.Load() > 10 {
			t.Errorf("%d calls, the largest for %d users", e.calls.Load(), e.largest.Load())
		}
	}
}

func TestIssuerRejectsInOrder(t *testing.T) {
	var lines []int64
	var out bytes.Buffer
	j := issued(t, &elsewhere{}, strings.NewReader("no!\na\x01\nbob\nnope!\n\xff\nalice"), &out)
	j.Reject = func(line int64, _ error) { lines = append(lines, line) }
	got, err := batch.Run(t.Context(), j)
	if err != nil || got != (batch.Result{Signed: 2, Rejected: 4}) {
		t.Fatalf("Run = %+v, %v", got, err)
	}
	for i, want := range []int64{1, 2, 4, 5} {
		if lines[i] != want {
			t.Errorf("rejected lines %v", lines)
		}
	}
	if users := column(t, &out); strings.Join(users, " ") != "bob alice" {
		t.Errorf("signed for %q", users)
	}
}

func TestIssuerIsNotAskedAboutNothing(t *testing.T) {
	e := &elsewhere{fails: errFull}
	got, err := batch.Run(t.Context(), issued(t, e, strings.NewReader("\n\n\xff\n"), io.Discard))
	if err != nil || got != (batch.Result{Rejected: 1}) || e.calls.Load() != 0 {
		t.Errorf("Run = %+v, %v after %d calls", got, err, e.calls.Load())
	}
}

func TestIssuerThatFailsEndsTheWork(t *testing.T) {
	for _, e := range []*elsewhere{{fails: errFull}, {short: true}} {
		var out bytes.Buffer
		got, err := batch.Run(t.Context(), issued(t, e, bytes.NewReader(users(5000)), &out))
		if err == nil || e.fails != nil && !errors.Is(err, e.fails) || got != (batch.Result{}) || out.Len() != 0 {
			t.Errorf("Run = %+v, %v, %d bytes written, want an error and nothing", got, err, out.Len())
		}
	}
}

// What an issuer decides itself is not compared: it may have changed its key meanwhile.
func TestIssuerResumes(t *testing.T) {
	in := users(3000)
	whole := func(ttl time.Duration, id uint32, wrote []byte) (batch.Result, []byte, error) {
		f := &file{data: wrote}
		j := issued(t, &elsewhere{}, bytes.NewReader(in), nil)
		j.TTL, j.AppID = ttl, id
		got, err := batch.Resume(t.Context(), f, j)
		return got, f.data, err
	}
	_, want, err := whole(0, app, nil)
	if err != nil {
		t.Fatal(err)
	}
	cut := len(want) / 3
	for _, ttl := range []time.Duration{0, time.Hour} {
		got, data, err := whole(ttl, app, bytes.Clone(want[:cut]))
		if err != nil || got.Skipped != int64(bytes.Count(want[:cut], []byte("\n"))) || got.Skipped+got.Signed != 3000 || !bytes.Equal(data, want) {
			t.Errorf("TTL %v: Resume = %+v, %v", ttl, got, err)
		}
	}
	if _, _, err := whole(2*time.Hour, app, bytes.Clone(want[:cut])); !errors.Is(err, batch.ErrMismatch) {
		t.Errorf("with another TTL: %v, want %v", err, batch.ErrMismatch)
	}
	if _, _, err := whole(0, app+1, bytes.Clone(want[:cut])); !errors.Is(err, batch.ErrMismatch) {
		t.Errorf("with another application: %v, want %v", err, batch.ErrMismatch)
	}
	bad := append([]byte{}, want[:cut]...)
	f := &file{data: bad}
	j := issued(t, &elsewhere{}, strings.NewReader("\xff\n"+string(in)), nil)
	if got, err := batch.Resume(t.Context(), f, j); err != nil || got.Rejected != 1 {
		t.Errorf("with a line that is no user ID: %+v, %v", got, err)
	}
}

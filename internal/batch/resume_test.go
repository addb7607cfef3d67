package batch_test

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
	"testing/iotest"
	"time"

	"usersig"
	"usersig/internal/batch"
)

// mixed is an input with every kind of line.
const mixed = "\ufeffalice\r\n\na,b\n\x01bad\nsay \"hi\"\n\n张三\nalice\n\xff\nalice2\n a\u2028b\nlast\x7f\nbob\n\ttab"

// Wherever the first run was cut off, the second ends with what one run makes.
func TestResumeFromEveryByte(t *testing.T) {
	for _, c := range []struct {
		name   string
		format batch.Format
		header bool
	}{{"csv", batch.CSV, false}, {"csv with header", batch.CSV, true}, {"ndjson", batch.NDJSON, false}} {
		t.Run(c.name, func(t *testing.T) {
			run := func(f *file) (batch.Result, []int64, error) {
				var rejected []int64
				j := job(t, strings.NewReader(mixed), nil)
				j.Format, j.Header = c.format, c.header
				j.Reject = func(line int64, _ error) { rejected = append(rejected, line) }
				got, err := batch.Resume(t.Context(), f, j)
				return got, rejected, err
			}
			var whole file
			want, wantRejected, err := run(&whole)
			if err != nil || want.Signed != 8 || want.Rejected != 4 || want.Skipped != 0 {
				t.Fatalf("from nothing: %+v, %v, want 8 signed and 4 rejected", want, err)
			}
			for cut := range len(whole.data) + 1 {
				f := file{data: bytes.Clone(whole.data[:cut])}
				got, rejected, err := run(&f)
				if err != nil {
					t.Fatalf("cut at %d: %v", cut, err)
				}
				if !bytes.Equal(f.data, whole.data) {
					t.Fatalf("cut at %d: got\n%s\nwant\n%s", cut, f.data, whole.data)
				}
				skipped := int64(bytes.Count(whole.data[:cut], []byte("\n")))
				if c.header {
					skipped = max(0, skipped-1)
				}
				if w := (batch.Result{Signed: 8 - skipped, Rejected: 4, Skipped: skipped}); got != w {
					t.Fatalf("cut at %d: Resume = %+v, want %+v", cut, got, w)
				}
				if fmt.Sprint(rejected) != fmt.Sprint(wantRejected) {
					t.Fatalf("cut at %d: rejected lines %v, want %v", cut, rejected, wantRejected)
				}
			}
		})
	}
}

// impatient is a file whose user presses ctrl-C after so many writes.
type impatient struct {
	*os.File
	writes int
	cancel func()
}

func (f *impatient) Write(p []byte) (int, error) {
	if f.writes--; f.writes == 0 {
		f.cancel()
	}
	return f.File.Write(p)
}

// A run that is cancelled again and again gets there, on a real file.
func TestResumeAfterCancel(t *testing.T) {
	const n = 20_000
	in := users(n)
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "tokens.csv"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	done := int64(0)
	for run := 1; ; run++ {
		ctx, cancel := context.WithCancel(t.Context())
		j := job(t, bytes.NewReader(in), nil)
		j.Jobs = 2
		got, err := batch.Resume(ctx, &impatient{f, 8, cancel}, j)
		cancel()
		if got.Skipped != done {
			t.Fatalf("run %d: Resume = %+v, want %d skipped", run, got, done)
		}
		if done += got.Signed; err == nil {
			if done != n || run < 3 {
				t.Errorf("%d signed in %d runs, want %d in several", done, run, n)
			}
			break
		}
		if !errors.Is(err, context.Canceled) || got.Signed == 0 {
			t.Fatalf("run %d: Resume = %+v, %v", run, got, err)
		}
		if done == n {
			continue // cancelled in the last write
		}
		// Let the next one find a torn row, too.
		if _, err := fmt.Fprintf(f, "user-%d,eJyrVgrxCdYr", done); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	checkOrder(t, f, n)
}

func TestResumeWithMoreInput(t *testing.T) {
	var f file
	if _, err := batch.Resume(t.Context(), &f, job(t, strings.NewReader("a\nb"), nil)); err != nil {
		t.Fatal(err)
	}
	got, err := batch.Resume(t.Context(), &f, job(t, strings.NewReader("a\nb\nc\n"), nil))
	if want := (batch.Result{Signed: 1, Skipped: 2}); err != nil || got != want {
		t.Errorf("Resume = %+v, %v, want %+v", got, err, want)
	}
	if users := column(t, bytes.NewReader(f.data)); strings.Join(users, " ") != "a b c" {
		t.Errorf("users are %q, want a b c", users)
	}
}

// A file that this job did not begin is not continued, and above all not cut off.
func TestResumeMismatch(t *testing.T) {
	const in = "alice\n\x01\nbob\ncarol\n"
	row := func(user string, change func(*batch.Job)) string {
		var out bytes.Buffer
		j := job(t, strings.NewReader(user), &out)
		if change != nil {
			change(&j)
		}
		if _, err := batch.Run(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	alice, bob := row("alice", nil), row("bob", nil)
	key, err := usersig.GenerateKey(usersig.P256)
	if err != nil {
		t.Fatal(err)
	}
	otherApp, err := usersig.NewSigner(app+1, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	buf, err := signer(t, secret, nil).Sign(usersig.Claims{UserID: "alice", TTL: time.Hour, IssuedAt: epoch, UserBuf: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	ndjson := func(j *batch.Job) { j.Format = batch.NDJSON }
	withVerifier := func(j *batch.Job) {
		v, err := usersig.NewVerifier(app, []usersig.VerifyingKey{secret}, nil)
		if err != nil {
			t.Fatal(err)
		}
		j.Verifier = v
	}
	ndjsonRow := func(*testing.T) string { return row("alice", ndjson) }
	withHeader := func(j *batch.Job) { j.Header = true }

	for _, c := range []struct {
		name, file string
		change     func(*batch.Job)
		want       string
	}{
		{"another user first", bob, nil, "row 1 is not for the user in line 1"},
		{"another user later", alice + alice, nil, "row 2 is not for the user in line 3"},
		{"longer user", row("alice2", nil), nil, "row 1 is not for the user in line 1"},
		{"another user torn", alice + "carol,eJ", nil, "row 2 is not for the user in line 3"},
		{"something else torn", alice + "PK\x03\x04", nil, "row 2 is not for the user in line 3"},
		{"more rows than input", alice + bob + row("carol", nil) + row("dave", nil), nil, "row 4 has no line in the input"},
		{"row of nobody", alice + bob + row("carol", nil) + "," + token(t, "carol") + "\n", nil, "row 4 has no line in the input"},
		{"torn row without input", alice + bob + row("carol", nil) + "x", nil, "row 4 has no line in the input"},
		{"one long line", alice + strings.Repeat("z", 100_000), nil, "row 2 is too long"},
		{"NDJSON for CSV", row("alice", ndjson), nil, "row 1 is not for"},
		{"CSV for NDJSON", alice, ndjson, "row 1 is not for"},
		{"no header", alice, withHeader, "it has no header"},
		{"no whole header", "user", nil, "row 1 is not for"},
		{"torn row for header", "alice", withHeader, "it has no header"},
		{"header unasked", row("alice", withHeader), nil, "row 1 is not for"},
		{"no token", "alice,\n", nil, "token in row 1"},
		{"junk in the middle", alice + "bob,\n" + row("carol", nil), nil, "token in row 2 is damaged"},
		{"a formula behind", alice + "bob," + token(t, "bob") + ",=cmd()\n" + row("carol", nil), nil, "token in row 2 is damaged"},
		{"notes without line feed", alice + "bob,important notes", nil, "what follows row 1 is no beginning of a row"},
		{"cut after the token", ndjsonRow(t)[:len(ndjsonRow(t))-4] + "x\n", ndjson, "token in row 1 is damaged"},
		{"notes in NDJSON", ndjsonRow(t)[:len(ndjsonRow(t))-40] + " and notes", ndjson, "what follows row 0 is no beginning of a row"},
		{"another key", row("alice", func(j *batch.Job) { j.Signer = signer(t, otherSecret(t), nil) }), withVerifier, "was signed with another key"},
		{"bad token last", alice + "bob,eJyrVg__\n", nil, "token in row 2"},
		{"another user's token", "alice," + token(t, "bob") + "\n", nil, "not a UserSig for the user beside it"},
		{"another user's token last", alice + "bob," + token(t, "alice") + "\n", nil, "token in row 2 is not a UserSig for the user beside it"},
		{"another purpose", "alice," + buf + "\n", nil, "not a UserSig for the user beside it"},
		{"another application", row("alice", func(j *batch.Job) { j.Signer = otherApp }), nil, "another application"},
		{"another kind of key", row("alice", func(j *batch.Job) { j.Signer = signer(t, key, nil) }), nil, "another kind of key"},
		{"another TTL", row("alice", func(j *batch.Job) { j.TTL = time.Minute }), nil, "another TTL"},
		{"another time", row("alice", func(j *batch.Job) { j.IssuedAt = epoch.Add(time.Second) }), nil, "another time of issue"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := file{data: []byte(c.file), truncate: errors.New("touched")}
			j := job(t, strings.NewReader(in), nil)
			if c.change != nil {
				c.change(&j)
			}
			_, err := batch.Resume(t.Context(), &f, j)
			if !errors.Is(err, batch.ErrMismatch) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Resume: %v, want %v: %s", err, batch.ErrMismatch, c.want)
			}
			if string(f.data) != c.file {
				t.Error("the file was changed")
			}
		})
	}
}

func TestResumeAtAnyTimeOfIssueUnlessFixed(t *testing.T) {
	var f file
	if _, err := batch.Resume(t.Context(), &f, job(t, strings.NewReader("a\n"), nil)); err != nil {
		t.Fatal(err)
	}
	j := job(t, strings.NewReader("a\nb\n"), nil)
	j.IssuedAt, j.Clock = time.Time{}, func() time.Time { return epoch.Add(time.Hour) }
	j.TTL += time.Millisecond // of which a token holds whole seconds
	got, err := batch.Resume(t.Context(), &f, j)
	if want := (batch.Result{Signed: 1, Skipped: 1}); err != nil || got != want {
		t.Errorf("Resume = %+v, %v, want %+v", got, err, want)
	}
}

func TestResumeReportsProgress(t *testing.T) {
	var f file
	in := users(2000)
	if _, err := batch.Resume(t.Context(), &f, job(t, bytes.NewReader(in), nil)); err != nil {
		t.Fatal(err)
	}
	var seen []int64
	j := job(t, bytes.NewReader(in), nil)
	j.Progress = func(done int64) { seen = append(seen, done) }
	if _, err := batch.Resume(t.Context(), &f, j); err != nil {
		t.Fatal(err)
	}
	if len(seen) < 3 || seen[0] >= 1000 || seen[len(seen)-1] != 2000 {
		t.Errorf("progress went %v, want several steps to 2000", seen)
	}
}

func TestResumeFails(t *testing.T) {
	broken := errors.New("input/output error")
	begun := "alice," + token(t, "alice") + "\n"
	in := func() io.Reader { return strings.NewReader("alice\nbob\n") }
	for _, c := range []struct {
		name   string
		f      file
		in     io.Reader
		header bool
		want   string
	}{
		{"seek", file{seek: []error{broken}}, in(), false, "read earlier output"},
		{"read", file{read: broken}, in(), false, "read earlier output"},
		{"read header", file{read: broken}, in(), true, "read earlier output"},
		{"truncate", file{data: []byte(begun), truncate: broken}, in(), false, "cut off a torn row"},
		{"seek to the end", file{data: []byte(begun), seek: []error{nil, broken}}, in(), false, "append to earlier output"},
		{"write", file{data: []byte(begun), write: broken}, in(), false, "write tokens"},
		{"write header", file{write: broken}, in(), true, "write tokens"},
		{"input at a row", file{data: []byte(begun)}, iotest.ErrReader(broken), false, "read user IDs"},
		{"input at a torn row", file{data: []byte("ali")}, iotest.ErrReader(broken), false, "read user IDs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := string(c.f.data)
			j := job(t, c.in, nil)
			j.Header = c.header
			_, err := batch.Resume(t.Context(), &c.f, j)
			if !errors.Is(err, broken) || errors.Is(err, batch.ErrMismatch) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Resume: %v, want %s: %v", err, c.want, broken)
			}
			if string(c.f.data) != before {
				t.Error("the file was changed")
			}
		})
	}
}

func TestResumeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data := []byte("alice," + token(t, "alice") + "\nbo")
	f := file{data: bytes.Clone(data)}
	got, err := batch.Resume(ctx, &f, job(t, strings.NewReader("alice\nbob\n"), nil))
	if !errors.Is(err, context.Canceled) || got != (batch.Result{}) {
		t.Errorf("Resume = %+v, %v, want %v", got, err, context.Canceled)
	}
	if !bytes.Equal(f.data, data) {
		t.Error("the file was changed")
	}
}

func otherSecret(t *testing.T) *usersig.Secret {
	t.Helper()
	s, err := usersig.GenerateSecret()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

package batch_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"usersig"
	"usersig/internal/batch"
)

const app = 1400000001

var (
	epoch  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	secret = func() *usersig.Secret {
		s, err := usersig.ParseSecret([]byte(strings.Repeat("0123456789abcdef", 4)))
		if err != nil {
			panic(err)
		}
		return s
	}()
)

func signer(tb testing.TB, key usersig.SigningKey, opts *usersig.SignerOptions) *usersig.Signer {
	tb.Helper()
	s, err := usersig.NewSigner(app, key, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// job returns one whose output depends on the input alone.
func job(tb testing.TB, in io.Reader, out io.Writer) batch.Job {
	return batch.Job{Signer: signer(tb, secret, nil), TTL: time.Hour, IssuedAt: epoch, In: in, Out: out}
}

// token returns the token the job makes for a user.
func token(tb testing.TB, user string) string {
	tb.Helper()
	s, err := signer(tb, secret, nil).Sign(usersig.Claims{UserID: user, TTL: time.Hour, IssuedAt: epoch})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// users returns n user IDs, one a line.
func users(n int) []byte {
	var b []byte
	for i := range n {
		b = append(b, "user-"...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, '\n')
	}
	return b
}

// checkOrder checks that out holds the rows of users(n), each with a token that
// says so.
func checkOrder(tb testing.TB, out io.Reader, n int) {
	tb.Helper()
	r := csv.NewReader(out)
	r.ReuseRecord = true
	for i := range n {
		row, err := r.Read()
		if err != nil {
			tb.Fatalf("row %d: %v", i, err)
		}
		if want := "user-" + strconv.Itoa(i); row[0] != want {
			tb.Fatalf("row %d is for %q, want %q", i, row[0], want)
		}
		if i%97 != 0 {
			continue
		}
		if got, err := usersig.Inspect(row[1]); err != nil || got.UserID != row[0] {
			tb.Fatalf("row %d: Inspect = %+v, %v, want user %q", i, got, err, row[0])
		}
	}
	if row, err := r.Read(); err != io.EOF {
		tb.Fatalf("after the last row: %q, %v", row, err)
	}
}

func TestRunKeepsOrder(t *testing.T) {
	for jobs, n := range map[int]int{0: 200_000, 1: 20_000, 7: 20_000, 64: 100_000} {
		if testing.Short() {
			n /= 10
		}
		t.Run(fmt.Sprint(jobs), func(t *testing.T) {
			in := users(n)
			var out bytes.Buffer
			j := job(t, bytes.NewReader(in), &out)
			j.Jobs = jobs
			var last int64
			j.Progress = func(done int64) {
				if done < last {
					t.Errorf("progress went from %d to %d", last, done)
				}
				last = done
			}
			got, err := batch.Run(t.Context(), j)
			if want := (batch.Result{Signed: int64(n)}); err != nil || got != want {
				t.Fatalf("Run = %+v, %v, want %+v", got, err, want)
			}
			if last != int64(n) {
				t.Errorf("progress ended at %d, want %d", last, n)
			}
			checkOrder(t, &out, n)
		})
	}
}

func TestRunECDSA(t *testing.T) {
	key, err := usersig.GenerateKey(usersig.P256)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	j := job(t, bytes.NewReader(users(500)), &out)
	j.Signer, j.Jobs = signer(t, key, nil), 3
	if _, err := batch.Run(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	checkOrder(t, bytes.NewReader(out.Bytes()), 500)
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	v, err := usersig.NewVerifier(app, []usersig.VerifyingKey{key.Public()}, &usersig.VerifierOptions{Clock: func() time.Time { return epoch }})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if _, err := v.Verify(t.Context(), row[1], row[0]); err != nil {
			t.Fatalf("%s: %v", row[0], err)
		}
	}
}

// awkward are user IDs that a careless writer gets wrong.
var awkward = []string{
	"plain", "a,b", `say "hi"`, `"`, `""`, `,`, ` lead`, "trail ", `\.`, `\`, `a\b`, "\u3000wide", "\u00a0nbsp", "张三", "😀",
	"a\u2028b", "\u2029", "\u2027", "<&>", "=1+1", "{}", "'", "#", "\ufeff", "é", "userid",
}

func TestCSVReadsAsItWasWritten(t *testing.T) {
	var out, want bytes.Buffer
	j := job(t, strings.NewReader(strings.Join(awkward, "\n")), &out)
	j.Header = true
	if _, err := batch.Run(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	w := csv.NewWriter(&want)
	_ = w.Write([]string{"userid", "usersig"})
	for _, user := range awkward {
		_ = w.Write([]string{user, token(t, user)})
	}
	w.Flush()
	if out.String() != want.String() {
		t.Errorf("Run wrote\n%s\nencoding/csv writes\n%s", &out, &want)
	}
}

func TestNDJSONReadsAsItWasWritten(t *testing.T) {
	var out, want bytes.Buffer
	j := job(t, strings.NewReader(strings.Join(awkward, "\n")), &out)
	j.Format, j.Header = batch.NDJSON, true
	if _, err := batch.Run(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	for _, user := range awkward {
		_ = e.Encode(struct {
			UserID    string    `json:"userid"`
			UserSig   string    `json:"usersig"`
			ExpiresAt time.Time `json:"expires_at"`
		}{user, token(t, user), epoch.Add(time.Hour)})
	}
	if out.String() != want.String() {
		t.Errorf("Run wrote\n%s\nencoding/json writes\n%s", &out, &want)
	}
}

func TestRejectMayBeNil(t *testing.T) {
	got, err := batch.Run(t.Context(), job(t, strings.NewReader("\x01\n"), io.Discard))
	if want := (batch.Result{Rejected: 1}); err != nil || got != want {
		t.Errorf("Run = %+v, %v, want %+v", got, err, want)
	}
}

// A token counts from when it is made, and says so in both places.
func TestClock(t *testing.T) {
	now := epoch
	var out bytes.Buffer
	j := job(t, strings.NewReader("a\nb\nc\n"), &out)
	j.IssuedAt, j.Format, j.Jobs = time.Time{}, batch.NDJSON, 1
	j.Clock = func() time.Time { now = now.Add(700 * time.Millisecond); return now }
	if _, err := batch.Run(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var row struct {
			UserSig   string
			ExpiresAt time.Time `json:"expires_at"`
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		token, err := usersig.Inspect(row.UserSig)
		if err != nil {
			t.Fatal(err)
		}
		want := epoch.Add(time.Duration(i+1) * 700 * time.Millisecond).Truncate(time.Second)
		if !token.IssuedAt.Equal(want) || !row.ExpiresAt.Equal(want.Add(time.Hour)) || !token.ExpiresAt.Equal(row.ExpiresAt) {
			t.Errorf("row %d: issued at %v, expires at %v, want %v and an hour later", i, token.IssuedAt, row.ExpiresAt, want)
		}
	}
}

func TestClockIsTheSystemsByDefault(t *testing.T) {
	var out bytes.Buffer
	j := job(t, strings.NewReader("a\n"), &out)
	j.IssuedAt = time.Time{}
	before := time.Now().Truncate(time.Second)
	if _, err := batch.Run(context.Background(), j); err != nil {
		t.Fatal(err)
	}
	got, err := usersig.Inspect(strings.TrimSpace(strings.TrimPrefix(out.String(), "a,")))
	if err != nil || got.IssuedAt.Before(before) || got.IssuedAt.After(time.Now()) {
		t.Errorf("Inspect = %+v, %v, want issued now", got, err)
	}
}

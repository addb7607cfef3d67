package batch_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"usersig"
	"usersig/internal/batch"
)

// Each of these runs in a synctest bubble, which fails if a goroutine is left
// behind.

// full is a disk with room for so many bytes.
type full struct {
	data []byte
	room int
}

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.data = append(f.data, p[:n]...)
	f.room -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func TestFullDisk(t *testing.T) {
	in := users(20_000)
	for _, room := range []int{0, 5, 200, 100_000, 1_000_000} {
		synctest.Test(t, func(t *testing.T) {
			out := &full{room: room}
			got, err := batch.Run(t.Context(), job(t, bytes.NewReader(in), out))
			if !errors.Is(err, errFull) {
				t.Fatalf("room %d: Run = %+v, %v, want %v", room, got, err, errFull)
			}
			if want := int64(bytes.Count(out.data, []byte("\n"))); got != (batch.Result{Signed: want}) {
				t.Errorf("room %d: Run = %+v, want %d signed", room, got, want)
			}
		})
	}
}

func TestFullDiskAtTheHeader(t *testing.T) {
	out := &full{room: 4}
	j := job(t, iotest.ErrReader(errors.New("read in vain")), out)
	j.Header = true
	if got, err := batch.Run(t.Context(), j); !errors.Is(err, errFull) || got != (batch.Result{}) {
		t.Errorf("Run = %+v, %v, want %v", got, err, errFull)
	}
	if string(out.data) != "user" {
		t.Errorf("wrote %q, want the beginning of the header", out.data)
	}
}

// lazy takes less than it is given and does not say so.
type lazy struct{}

func (lazy) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestShortWriteIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := batch.Run(t.Context(), job(t, bytes.NewReader(users(10)), lazy{}))
		if !errors.Is(err, io.ErrShortWrite) || got.Signed != 5 {
			t.Errorf("Run = %+v, %v, want 5 signed and %v", got, err, io.ErrShortWrite)
		}
	})
}

// What a failing reader cut off may be another user's ID: "user-12" of "user-123".
func TestFailingReaderSignsNoTornLine(t *testing.T) {
	for _, broken := range []error{errors.New("connection reset"), fmt.Errorf("copy: %w", io.EOF)} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			in := io.MultiReader(strings.NewReader("alice\nuser-12"), iotest.ErrReader(broken))
			got, err := batch.Run(t.Context(), job(t, in, &out))
			if !errors.Is(err, broken) || got != (batch.Result{Signed: 1}) {
				t.Errorf("Run = %+v, %v, want 1 signed and %v", got, err, broken)
			}
			if users := column(t, &out); len(users) != 1 || users[0] != "alice" {
				t.Errorf("signed %q, want alice only", users)
			}
		})
	}
}

func TestCancelLeavesCompleteRows(t *testing.T) {
	in := users(50_000)
	for _, after := range []int{0, 1, 3, 20} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var out bytes.Buffer
			j := job(t, bytes.NewReader(in), &out)
			j.Jobs = 4
			calls := 0
			j.Progress = func(int64) {
				if calls++; calls == after {
					cancel()
				}
			}
			if after == 0 {
				cancel()
			}
			got, err := batch.Run(ctx, j)
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("Run = %+v, %v, want %v", got, err, context.Canceled)
			}
			checkOrder(t, &out, int(got.Signed))
			if (got.Signed == 0) != (after == 0) || got.Signed >= 50_000 {
				t.Errorf("%d signed after %d chunks", got.Signed, after)
			}
		})
	}
}

// Run must not wait for somebody to press Enter after they pressed ctrl-C.
func TestCancelDoesNotWaitForInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		in, typing := io.Pipe()
		var out bytes.Buffer
		j := job(t, in, &out)
		j.Progress = func(done int64) {
			if done == 1 {
				cancel()
			}
		}
		go func() { _, _ = typing.Write([]byte("alice\n")) }()
		got, err := batch.Run(ctx, j)
		if !errors.Is(err, context.Canceled) || got != (batch.Result{Signed: 1}) {
			t.Errorf("Run = %+v, %v, want 1 signed and %v", got, err, context.Canceled)
		}
		_ = typing.Close() // else the read under way is a goroutine left behind
	})
}

func TestTypedUserIsSignedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, typing := io.Pipe()
		var signed atomic.Int64
		j := job(t, in, io.Discard)
		j.Progress = signed.Store
		go func() {
			for i := range 3 {
				_, _ = fmt.Fprintf(typing, "user-%d\n", i)
				synctest.Wait()
				if got := signed.Load(); got != int64(i+1) {
					t.Errorf("%d signed after %d were typed", got, i+1)
				}
			}
			_ = typing.Close()
		}()
		if _, err := batch.Run(t.Context(), j); err != nil {
			t.Error(err)
		}
	})
}

func TestJobThatCanSignNobodyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := job(t, strings.NewReader("\x01\n\nalice\nbob\n"), io.Discard)
		j.TTL = 51 * 365 * 24 * time.Hour
		got, err := batch.Run(t.Context(), j)
		if !errors.Is(err, usersig.ErrInvalidClaims) || got != (batch.Result{Rejected: 1}) {
			t.Errorf("Run = %+v, %v, want 1 rejected and %v", got, err, usersig.ErrInvalidClaims)
		}
		if err == nil || !strings.HasPrefix(err.Error(), "line 3: ") {
			t.Errorf("error %q does not name line 3", err)
		}
	})
}

// endless is an input without end that counts what is taken from it.
type endless struct{ taken atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "user\n"[i%5]
	}
	n := len(p) / 5 * 5
	e.taken.Add(int64(n))
	return n, nil
}

// stuck is an output that takes nothing until it is closed.
type stuck chan struct{}

func (s stuck) Write([]byte) (int, error) {
	<-s
	return 0, errFull
}

func TestSlowOutputHoldsTheInputBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := new(endless), make(stuck)
		j := job(t, in, out)
		j.Jobs = 4
		go func() {
			synctest.Wait()
			// Ten chunks of 512 lines, and what the reader has buffered.
			if got, most := in.taken.Load(), int64(10*512*5+64<<10); got > most {
				t.Errorf("read %d bytes before anything was written, the most is %d", got, most)
			}
			close(out)
		}()
		if _, err := batch.Run(t.Context(), j); !errors.Is(err, errFull) {
			t.Errorf("Run: %v, want %v", err, errFull)
		}
	})
}

// remote is a key in a KMS. Before each signature it asks.
type remote struct {
	*ecdsa.PrivateKey
	ask func() error
}

func (r *remote) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := r.ask(); err != nil {
		return nil, err
	}
	return r.PrivateKey.Sign(random, digest, opts)
}

func remoteSigner(t *testing.T, ask func() error) *usersig.Signer {
	t.Helper()
	inner, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := usersig.NewPrivateKey(&remote{inner, ask})
	if err != nil {
		t.Fatal(err)
	}
	return signer(t, key, nil)
}

func TestKeyThatFailsEndsTheWork(t *testing.T) {
	away := errors.New("service unavailable")
	synctest.Test(t, func(t *testing.T) {
		left := 100
		var out bytes.Buffer
		j := job(t, bytes.NewReader(users(1000)), &out)
		j.Jobs = 1
		j.Signer = remoteSigner(t, func() error {
			if left--; left < 0 {
				return away
			}
			return nil
		})
		got, err := batch.Run(t.Context(), j)
		if !errors.Is(err, away) || got != (batch.Result{Signed: 100}) {
			t.Errorf("Run = %+v, %v, want 100 signed and %v", got, err, away)
		}
		checkOrder(t, &out, 100)
	})
}

func TestCancelDuringASignature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var out bytes.Buffer
		j := job(t, bytes.NewReader(users(10)), &out)
		j.Jobs = 1
		j.Signer = remoteSigner(t, func() error {
			cancel()
			synctest.Wait() // until nobody but this key does anything
			return nil
		})
		got, err := batch.Run(ctx, j)
		if !errors.Is(err, context.Canceled) || got != (batch.Result{}) || out.Len() != 0 {
			t.Errorf("Run = %+v, %v, wrote %d bytes, want %v and nothing", got, err, out.Len(), context.Canceled)
		}
	})
}

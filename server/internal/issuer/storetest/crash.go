package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// CrashEnv is set in a child process whose test binary is to call [Crash], and holds
// what the child needs to open the store.
const CrashEnv = "USERSIG_TEST_CRASH"

// Crash commits to s until the process is killed, and of eight commits seven only append.
// It prints the number of each when the store has acknowledged it.
func Crash(s issuer.Store, out io.Writer) error {
	for i := 0; ; i++ {
		batch := make([]*audit.Entry, 1+i%5*7)
		for j := range batch {
			batch[j] = entry(uint32(1+j%2), "alice")
		}
		act := count
		if i%8 > 0 {
			act = nil
		}
		if err := s.Commit(context.Background(), batch, act); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, batch[len(batch)-1].Seq); err != nil {
			return err
		}
	}
}

// count adds one in three places, which must never differ.
func count(tx issuer.Tx) error {
	u, err := tx.User(1, "alice")
	if err != nil {
		return err
	}
	u.RevokedTo++
	name := strconv.FormatInt(u.RevokedTo, 10)
	for id := range uint32(2) {
		if err := tx.PutApp(record(id+1, name)); err != nil {
			return err
		}
	}
	return tx.PutUser(1, "alice", u)
}

// RunCrash starts this test binary again and again, with [CrashEnv] set to value, kills
// it while it commits, and checks with the store that open returns that nothing
// acknowledged was lost, nothing was done by half, and what is left is accused of nothing:
// by read, a store that is open for reading, before open has mended anything, and after.
func RunCrash(t *testing.T, rounds int, value string, read, open func(testing.TB) Checked) {
	var total, counted int64
	for round := range rounds {
		acknowledged := crash(t, value, 1+round*13%60)
		left := read(t)
		if n, err := CheckLog(t.Context(), left); err != nil || n < acknowledged {
			t.Errorf("round %d: after the crash there are %d entries of %d: %v", round, n, acknowledged, err)
		}
		shut(t, left)
		s := open(t)
		if _, err := CheckLog(t.Context(), s); err != nil {
			t.Errorf("round %d: after the next start: %v", round, err)
		}
		c := changes(t, s, 0)
		if c.Seq < acknowledged {
			t.Errorf("round %d: the last commit is %d, and %d was acknowledged", round, c.Seq, acknowledged)
		}
		if n := Verify(t, s, 1000); n != c.Seq {
			t.Errorf("round %d: the log ends with %d, the state with %d", round, n, c.Seq)
		}
		if len(c.Users) != 1 {
			t.Fatalf("round %d: there are %d users, want 1", round, len(c.Users))
		}
		n := c.Users[0].User.RevokedTo
		if got, want := names(c), fmt.Sprintf("[1=%d 2=%d 1:alice=%d]", n, n, n); got != want {
			t.Errorf("round %d: half a commit is in effect: %s, want %s", round, got, want)
		}
		total, counted = c.Seq, n
		shut(t, s)
	}
	t.Logf("%d rounds, %d entries, %d counted", rounds, total, counted)
}

// crash runs a child, kills it after it has acknowledged some commits, and returns the
// number of the last that it did.
func crash(t *testing.T, value string, commits int) (acknowledged int64) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), program) //nolint:gosec // ourselves
	child.Env = append(os.Environ(), CrashEnv+"="+value)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ { // what it said before it died counts, too
		if acknowledged, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
			t.Fatal(err)
		}
		if n == commits {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	var died *exec.ExitError
	if err := child.Wait(); !errors.As(err, &died) || died.ExitCode() != -1 || acknowledged == 0 {
		t.Fatalf("the child ended with %v after it acknowledged %d, want it killed", err, acknowledged)
	}
	return acknowledged
}

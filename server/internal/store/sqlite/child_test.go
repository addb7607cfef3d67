//go:build !windows

package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/issuer/storetest"
	"usersig/server/internal/store/sqlite"
)

// What happens to a whole process is tried in a child: this test binary, started again
// with a variable that says what to do.
const (
	fullEnv   = "USERSIG_TEST_FULL"
	deniedEnv = "USERSIG_TEST_DENIED"
)

func TestMain(m *testing.M) {
	for name, run := range map[string]func(path string) error{
		storetest.CrashEnv: commitForEver,
		fullEnv:            fillDisk,
		deniedEnv:          openWithoutRight,
	} {
		path := os.Getenv(name)
		if path == "" {
			continue
		}
		if err := run(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// commitForEver is told the path, and before it how long the store may lag.
func commitForEver(value string) error {
	text, path, _ := strings.Cut(value, ":")
	lag, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	s, err := sqlite.Open(context.Background(), path, &sqlite.Options{Init: true, Lag: lag})
	if err != nil {
		return err
	}
	return storetest.Crash(s, os.Stdout)
}

func TestCrash(t *testing.T) {
	for _, lag := range []string{"0s", "1ms", "1h"} {
		t.Run(lag, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			storetest.RunCrash(t, 20, lag+":"+path,
				func(t testing.TB) storetest.Checked { return openWith(t, path, &sqlite.Options{ReadOnly: true}) },
				func(t testing.TB) storetest.Checked { return open(t, path) })
			checkIntegrity(t, path)
		})
	}
}

// child runs this test binary with a variable set and fails if it does.
func child(t *testing.T, name, path string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), name+"="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("in the child: %v\n%s", err, out)
	}
}

// A file size limit makes writing fail as a full disk does, in the middle of a block.
func TestDiskFullAndRecovery(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	child(t, fullEnv, path)
	s := open(t, path)
	if n := storetest.Verify(t, s, 100); n < 6 {
		t.Errorf("the log has %d entries, want more", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	checkIntegrity(t, path)
}

// fillDisk commits until the disk is full, three times over, and after each gets more
// room and carries on with the same store.
func fillDisk(path string) error {
	signal.Ignore(syscall.SIGXFSZ) // a full disk sends no signal
	ctx := context.Background()
	s, err := sqlite.Open(ctx, path, &sqlite.Options{Init: true})
	if err != nil {
		return err
	}
	last := int64(0)
	put := func() error {
		e := &audit.Entry{Action: "app.update", App: 1, Outcome: audit.Done, Detail: strings.Repeat("d", 3000)}
		err := s.Commit(ctx, []*audit.Entry{e}, func(tx issuer.Tx) error {
			return tx.PutUser(1, "alice", issuer.User{RevokedTo: last + 1})
		})
		if err == nil && e.Seq != last+1 {
			return fmt.Errorf("the entry after %d has number %d", last, e.Seq)
		}
		if err == nil {
			last = e.Seq
		}
		return err
	}
	for room := uint64(100_001); room < 400_000; room += 100_001 {
		if err := limitFiles(room); err != nil {
			return err
		}
		var err error
		for err == nil {
			err = put()
		}
		for range 3 {
			if err := put(); !errors.Is(err, issuer.ErrUnavailable) {
				return fmt.Errorf("commit to a full disk = %v, want ErrUnavailable", err)
			}
		}
		c, err := s.Changes(ctx, 0)
		if err != nil || c.Seq != last || c.Users[0].User.RevokedTo != last {
			return fmt.Errorf("changes when the disk is full = %+v, %v, want %d", c, err, last)
		}
		if err := limitFiles(1 << 40); err != nil {
			return err
		}
		if err := put(); err != nil {
			return fmt.Errorf("commit when there is room again: %w", err)
		}
	}
	return s.Close()
}

func limitFiles(size uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	limit.Cur = min(size, limit.Max)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
}

func TestReadOnlyFolder(t *testing.T) {
	folder, err := os.MkdirTemp("", "readonly")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, err := range []error{os.Chmod(folder, 0o700), os.RemoveAll(folder)} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	path := filepath.Join(folder, "state.db")
	s := open(t, path)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{path: 0o444, path + ".lock": 0o444, folder: 0o555} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	child(t, deniedEnv, path)
}

// openWithoutRight opens a database as somebody who may only read it.
func openWithoutRight(path string) error {
	if os.Geteuid() == 0 {
		const nobody = 65534
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			return err
		}
	}
	ctx := context.Background()
	for _, init := range []bool{false, true} {
		s, err := sqlite.Open(ctx, path, &sqlite.Options{Init: init})
		if !errors.Is(err, issuer.ErrUnavailable) || s != nil {
			return fmt.Errorf("open with init %t = %v, %w, want ErrUnavailable alone", init, s, err)
		}
	}
	return nil
}

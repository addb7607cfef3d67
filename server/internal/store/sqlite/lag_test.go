package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

const lag = time.Second

// lagging is a store whose bringing things to the disk is watched.
type lagging struct {
	*Store
	path string

	mu     sync.Mutex
	synced []string // what was
	broken error    // that it fails with
}

func openLagging(t *testing.T) *lagging {
	t.Helper()
	l := &lagging{path: filepath.Join(t.TempDir(), "state.db")}
	l.open(t)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
	return l
}

func (l *lagging) open(t *testing.T) {
	t.Helper()
	s, err := Open(t.Context(), l.path, &Options{Init: true, Lag: lag})
	if err != nil {
		t.Fatal(err)
	}
	s.fsync = func(path string) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.synced = append(l.synced, strings.TrimPrefix(path, l.path))
		return l.broken
	}
	l.Store = s
}

func (l *lagging) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = err
}

func (l *lagging) checkSynced(t *testing.T, when, want string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := strings.Join(l.synced, " "); got != want {
		t.Errorf("%s %q was synced, want %q", when, got, want)
	}
}

// file returns what is in the tail's file.
func (l *lagging) file(t *testing.T) string {
	t.Helper()
	text, err := readTail(l.path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// check fails unless so many entries are in the database and in the file of the tail.
func (l *lagging) check(t *testing.T, when string, stored, appended int) {
	t.Helper()
	if n := l.value(t, "SELECT seq FROM head"); n != stored {
		t.Errorf("%s the database ends with entry %d, want %d", when, n, stored)
	}
	if n := strings.Count(l.file(t), "\n"); n != appended {
		t.Errorf("%s the tail has %d entries, want %d", when, n, appended)
	}
	if n := l.verify(t); n != stored+appended {
		t.Errorf("%s the log has %d entries, want %d", when, n, stored+appended)
	}
}

func (l *lagging) verify(t *testing.T) (n int) {
	t.Helper()
	list, err := l.Audit(t.Context(), 0, 0, 1e6)
	var checker audit.Checker
	for _, e := range list {
		err = errors.Join(err, checker.Next(e))
	}
	if err != nil {
		t.Error(err)
	}
	return len(list)
}

func (l *lagging) append(t *testing.T, n int) {
	t.Helper()
	for range n {
		if err := l.record(t, nil); err != nil {
			t.Fatalf("Commit = %v", err)
		}
	}
}

func nothing(issuer.Tx) error { return nil }

// What is appended is on the disk after the time that was set, and not before: that is
// what it costs nothing for.
func TestAppendsReachTheDiskInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLagging(t)
		l.append(t, 3)
		time.Sleep(lag - time.Nanosecond)
		l.append(t, 1)
		l.check(t, "before the time is over", 0, 4)
		l.checkSynced(t, "before the time is over", "")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		l.check(t, "when it is over", 4, 0)
		l.checkSynced(t, "when it is over", "-wal")
		const normal = 1 // so that commits go on while the disk is waited for
		if got := l.value(t, "PRAGMA synchronous"); got != normal {
			t.Errorf("PRAGMA synchronous = %d, want %d", got, normal)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		l.checkSynced(t, "with nothing to do", "-wal")
		l.append(t, 1)
		time.Sleep(lag)
		synctest.Wait()
		l.check(t, "after the next", 5, 0)
		l.checkSynced(t, "after the next", "-wal -wal")
	})
}

// An act waits for the disk, and all that came before it is there, too.
func TestActsTakeTheTailAlong(t *testing.T) {
	l := openLagging(t)
	l.append(t, 3)
	if err := l.record(t, func(issuer.Tx) error { return errors.New("refused") }); err == nil {
		t.Error("a refused act is in effect")
	}
	l.check(t, "after a refused act", 0, 3)
	if err := l.record(t, nothing); err != nil {
		t.Fatal(err)
	}
	l.check(t, "after an act", 4, 0)
	const full = 2
	if got := l.value(t, "PRAGMA synchronous"); got != full {
		t.Errorf("PRAGMA synchronous = %d after an act, want %d", got, full)
	}
}

func TestCloseBringsTheTailToTheDisk(t *testing.T) {
	l := openLagging(t)
	l.append(t, 3)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l.checkSynced(t, "by Close", "-wal")
	if text := l.file(t); text != "" {
		t.Errorf("the tail is %q", text)
	}
	l.open(t)
	l.check(t, "opened again", 3, 0)
}

// A tail has an end: the rows that it becomes are what a page of the log is read in.
func TestTailIsBounded(t *testing.T) {
	l := openLagging(t)
	for range 3 * mostTail / 100 {
		l.append(t, 1)
		if n := l.tail.end - l.tail.start; n >= mostTail {
			t.Fatalf("the tail has %d bytes, want %d at most", n, mostTail)
		}
	}
	if n := l.value(t, "SELECT max(length(entries)) FROM audit"); n < mostTail || n > mostTail+1000 {
		t.Errorf("the longest row has %d bytes", n)
	}
	l.verify(t)
}

// As long as the disk does not take what is due, nobody is told that something is
// recorded that it does not have.
func TestDiskThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLagging(t)
		l.append(t, 1)
		l.fail(errors.New("no disk"))
		time.Sleep(lag)
		synctest.Wait()
		l.append(t, 1)
		l.check(t, "after a failure", 2, 0)
		const full = 2
		if got := l.value(t, "PRAGMA synchronous"); got != full {
			t.Errorf("PRAGMA synchronous = %d, want %d", got, full)
		}
		l.fail(nil)
		l.append(t, 1)
		l.check(t, "when the disk is back", 2, 1)
		time.Sleep(lag)
		synctest.Wait()
		l.check(t, "a while later", 3, 0)
	})
}

// The database cannot take the tail. It stays where it is, and is not forgotten.
func TestDatabaseThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLagging(t)
		l.append(t, 2)
		l.value(t, "PRAGMA max_page_count = 1") // what it has
		big := &audit.Entry{Action: "app.update", Detail: strings.Repeat("x", mostTail)}
		if err := l.Commit(t.Context(), []*audit.Entry{big}, nil); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := l.record(t, nil); !errors.Is(err, issuer.ErrUnavailable) {
				t.Errorf("Commit = %v, want ErrUnavailable", err)
			}
			l.check(t, "when the database is full", 0, 3)
			time.Sleep(lag)
			synctest.Wait()
		}
		l.value(t, "PRAGMA max_page_count = 100000")
		time.Sleep(lag)
		synctest.Wait()
		l.check(t, "when there is room", 3, 0)
		l.append(t, 1)
	})
}

// After an act that the database did not take, what only appends goes there too.
func TestFailureOfAnAct(t *testing.T) {
	l := openLagging(t)
	l.append(t, 1)
	if err := l.writer.conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.record(t, nothing); !errors.Is(err, issuer.ErrUnavailable) {
		t.Errorf("Commit on a closed connection = %v, want ErrUnavailable", err)
	}
	l.append(t, 2)
	l.check(t, "after the failure", 2, 1)
}

// A commit whose outcome was not known is in effect after all: the tail is in the
// database, and is not taken for what follows it.
func TestCommitThatSeemedToHaveFailed(t *testing.T) {
	l := openLagging(t)
	l.append(t, 2)
	block, err := l.tail.take()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{
		func() error { return l.exec(t.Context(), "BEGIN") },
		func() error { return l.writer.add(t.Context(), block) },
		func() error { return l.exec(t.Context(), "COMMIT") },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	l.late = true
	l.append(t, 2)
	l.check(t, "after two more", 3, 1)
}

// The file of the tail fails: the database takes what it does not.
func TestTailThatFails(t *testing.T) {
	l := openLagging(t)
	l.append(t, 1)
	good := l.tail.file
	var err error
	if l.tail.file, err = os.Open(good.Name()); err != nil { // for reading
		t.Fatal(err)
	}
	l.append(t, 2)
	if n := l.value(t, "SELECT seq FROM head"); n != 3 {
		t.Errorf("the database ends with entry %d, want 3", n)
	}
	l.verify(t)
	if err := l.tail.file.Close(); err != nil {
		t.Error(err)
	}
	l.tail.file = good
	l.append(t, 2)
	if n := l.verify(t); n != 5 {
		t.Errorf("the log has %d entries, want 5", n)
	}
}

// Whatever a crash has left in the file, the log is what was acknowledged.
func TestTailAfterACrash(t *testing.T) {
	made := openLagging(t)
	made.append(t, 2)
	old := made.file(t)
	if err := made.record(t, nothing); err != nil { // 3
		t.Fatal(err)
	}
	made.append(t, 3)
	text := made.file(t)
	lines := strings.SplitAfter(text, "\n")
	half := lines[0][:len(lines[0])/2]
	for name, c := range map[string]struct {
		file string
		want int
	}{
		"nothing":                      {"", 3},
		"the tail":                     {text, 6},
		"half of its first line":       {half, 3},
		"half of its last line":        {strings.TrimSuffix(text, "\n"), 5},
		"what is in the database":      {old, 3},
		"that, and the tail":           {old + text, 6},
		"half of that, and the tail":   {old[len(old)/3:] + text, 6},
		"zeros and the tail":           {strings.Repeat("\x00", 4096) + "\n" + text, 6},
		"the tail and zeros":           {text + strings.Repeat("\x00", 4096), 6},
		"the tail twice":               {text + text, 6},
		"the tail without its first":   {lines[1] + lines[2], 3},
		"the tail without its second":  {lines[0] + lines[2], 4},
		"a line that was changed":      {lines[0] + strings.Replace(lines[1], "done", "refused", 1) + lines[2], 4},
		"a line in another spelling":   {strings.Replace(lines[0], `"seq":4,`, `"seq":4, `, 1) + lines[1], 3},
		"the tail and another's lines": {text + strings.ReplaceAll(text, `"sdkappid":1`, `"sdkappid":2`), 6},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lagging{path: filepath.Join(t.TempDir(), "state.db")}
			if err := made.Backup(t.Context(), l.path); err != nil {
				t.Fatal(err)
			}
			without(t, l.path, 3)
			if err := os.WriteFile(tailFile(l.path), []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			r := &lagging{path: l.path}
			var err error
			if r.Store, err = Open(t.Context(), l.path, &Options{ReadOnly: true}); err != nil {
				t.Fatal(err)
			}
			if n := r.verify(t); n != c.want {
				t.Errorf("a reader finds %d entries, want %d", n, c.want)
			}
			copied := l.path + ".copy"
			if err := errors.Join(r.Backup(t.Context(), copied), r.Close()); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{l.path, copied} {
				l.path = path
				l.open(t)
				l.check(t, "after the start", c.want, 0)
				if changes, err := l.Changes(t.Context(), 0); err != nil || changes.Seq != int64(c.want) {
					t.Errorf("Changes up to %d, %v, want %d", changes.Seq, err, c.want)
				}
				l.append(t, 2)
				l.check(t, "with more", c.want, 2)
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// without takes the entries after seq out of a database.
func without(t *testing.T, path string, seq int) {
	t.Helper()
	s, err := Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	list, err := s.Audit(t.Context(), 0, int64(seq)-1, 1)
	if err != nil || len(list) != 1 {
		t.Fatalf("Audit = %v, %v", list, err)
	}
	for query, args := range map[string][]any{
		"DELETE FROM audit_apps WHERE first_seq > ?": {seq},
		"UPDATE head SET seq = ?, hash = ?":          {seq, list[0].Hash},
	} {
		if _, err := s.writer.conn.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.writer.conn.ExecContext(t.Context(), "DELETE FROM audit WHERE first_seq > ?", seq); err != nil {
		t.Fatal(err)
	}
}

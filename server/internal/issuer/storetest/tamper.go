package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
)

// Checked is a store that can compare its log with all else that it says of it.
type Checked interface {
	issuer.Store
	CheckLog(ctx context.Context, f func(audit.Entry) error) error
}

// Victim is a store whose rows somebody changes.
type Victim struct {
	Open   func() (Checked, error) // for writing; it may be empty
	Read   func() (Checked, error)
	Exec   func(sql string) // at the tables, without the store
	Tables string           // what stands before the name of a table, such as "main."
	Force  string           // statements after which foreign keys do not hold
}

// harms are what is done to a log whose entries 1 to 12 are about no application, 1, 2 and 3
// in turn, a row for each, and whose next row has 13 to 20. starts says of which the next
// start does not have to know.
var harms = []struct {
	name, sql, want string
	starts          bool
}{
	{"the end is cut off", `DELETE FROM @audit_apps WHERE first_seq >= 9; DELETE FROM @audit WHERE first_seq >= 9`, "ends with entry 8", false},
	{"everything is deleted", `DELETE FROM @audit_apps; DELETE FROM @audit`, "is empty", false},
	{"the head is ahead", `UPDATE @head SET seq = seq + 5`, "ends with entry 20", false},
	{"the head is behind", `UPDATE @head SET seq = seq - 5`, "ends with entry 20", false},
	{"the head has another hash", `UPDATE @head SET hash = replace(hash, substr(hash, 1, 1), 'g')`, "entry 20 is another one", false},
	{"the head is missing", `DELETE FROM @head`, "head", false},
	{"an application's rows are hidden", `DELETE FROM @audit_apps WHERE app = 1 AND first_seq BETWEEN 5 AND 12`, "index of entry 6", true},
	{"an application's rows are another's", `UPDATE @audit_apps SET app = 3 - app WHERE app IN (1, 2) AND first_seq < 13`, "index of entry 2", true},
	{"an application gets a row more", `INSERT INTO @audit_apps VALUES (9, 4)`, "index of entry 4", true},
	{"an application gets a row that is not there", `$INSERT INTO @audit_apps VALUES (9, 99)`, "index", true},
	{"a member is added", `UPDATE @audit SET entries = replace(entries, '"caller"', '"note":"x","caller"') WHERE first_seq = 3`, "spelled by somebody else", true},
	{"a space is added", `UPDATE @audit SET entries = replace(entries, '"caller":', '"caller": ') WHERE first_seq = 3`, "spelled by somebody else", true},
	{"a line is added", `UPDATE @audit SET entries = replace(entries, '"}', '"}^') WHERE first_seq = 3`, "from 3 on", true},
	{"a line has no end", `UPDATE @audit SET entries = replace(entries, '^', '') WHERE first_seq = 3`, "spelled by somebody else", true},
	{"a row is empty", `UPDATE @audit SET entries = '' WHERE first_seq = 3`, "from 3 on is empty", true},
	{"a row is added", `INSERT INTO @audit VALUES (21, '')`, "from 21 on is empty", false},
	{"a row is moved", `$UPDATE @audit SET first_seq = 99 WHERE first_seq = 3`, "entry 4 follows entry 2", false},
	{"a row is missing", `$DELETE FROM @audit_apps WHERE first_seq = 3; DELETE FROM @audit WHERE first_seq = 3`, "entry 4 follows entry 2", true},
	{"an entry is changed", `UPDATE @audit SET entries = replace(entries, 'alice', 'bob') WHERE first_seq = 3`, "entry 3 was changed", true},
	{"an entry is no entry", `UPDATE @audit SET entries = 'nonsense' WHERE first_seq = 3`, "from 3 on", true},
	{"an entry has another number", `UPDATE @audit SET entries = replace(entries, '"seq":3', '"seq":1') WHERE first_seq = 3`, "entry 1 follows entry 2", true},
}

// RunTampering checks that whoever can write to the tables cannot change the log without
// being seen by CheckLog, and that a server does not go on after a log that was cut. Make
// returns a new, empty store.
func RunTampering(t *testing.T, make func(*testing.T) Victim) {
	for _, harm := range harms {
		t.Run(harm.name, func(t *testing.T) {
			v := make(t)
			s, err := v.Open()
			if err != nil {
				t.Fatal(err)
			}
			for i := range uint32(12) {
				if err := s.Commit(t.Context(), []*audit.Entry{entry(i%4, "alice")}, nil); err != nil {
					t.Fatal(err)
				}
			}
			fill(t, s, 8)
			shut(t, s)
			v.check(t, "")

			v.Exec(strings.NewReplacer("@", v.Tables, "$", v.Force, "^", "\n").Replace(harm.sql))
			v.check(t, harm.want)
			s, err = v.Open()
			if err == nil {
				shut(t, s)
			}
			if harm.starts && err != nil || !harm.starts && !errors.Is(err, audit.ErrBroken) {
				t.Errorf("a server opens it with %v", err)
			}
			if err != nil && errors.Is(err, issuer.ErrUnavailable) {
				t.Errorf("it counts as an outage: %v", err)
			}
		})
	}
}

func shut(t testing.TB, s issuer.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}

// check wants CheckLog to say want, or nothing if that is empty.
func (v Victim) check(t *testing.T, want string) {
	t.Helper()
	s, err := v.Read()
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, s)
	_, err = CheckLog(t.Context(), s)
	if want == "" && err != nil || want != "" && (!errors.Is(err, audit.ErrBroken) || !strings.Contains(err.Error(), want)) {
		t.Errorf("CheckLog = %v, want %q", err, want)
	}
}

// CheckLog has a store compare its log with all else that it says of it, checks the chain
// and returns how many entries there are.
func CheckLog(ctx context.Context, s Checked) (int64, error) {
	var chain audit.Checker
	err := s.CheckLog(ctx, chain.Next)
	seq, _ := chain.Head()
	return seq, err
}

// RunCheckedWhileWritten checks that an honest log is never accused, however its readers and
// writers meet: it commits to s while reader checks, again and again.
func RunCheckedWhileWritten(t *testing.T, s issuer.Store, reader Checked) {
	const rounds = 200
	done := make(chan error, 1)
	go func() {
		for i := range rounds {
			act := count
			if i%8 > 0 {
				act = nil
			}
			if err := s.Commit(t.Context(), entries(uint32(i%3), 1+i%5), act); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	var last int64
	for running := true; running; {
		select {
		case err := <-done:
			if running = false; err != nil {
				t.Error(err)
			}
		default:
		}
		n, err := CheckLog(t.Context(), reader)
		if err != nil || n < last {
			t.Fatalf("the log, of %d entries and with %d a moment ago, is accused: %v", n, last, err)
		}
		last = n
	}
	if c := changes(t, s, 0); last != c.Seq {
		t.Errorf("the last check saw %d entries of %d", last, c.Seq)
	}
}

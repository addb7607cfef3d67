package custody

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHarden holds that each measure took effect or is in the notes.
func TestHarden(t *testing.T) {
	before, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Munlockall()
		_ = unix.Prctl(unix.PR_SET_DUMPABLE, uintptr(before), 0, 0, 0)
	})
	notes := Harden()
	t.Logf("notes: %q", notes)

	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil {
		t.Fatal(err)
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for begin, done := range map[string]bool{
		"core dumps":    core == unix.Rlimit{},
		"the process":   dumpable == 0,
		"memory is not": lockedMemory(t),
	} {
		noted := slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(n, begin) })
		if done == noted {
			t.Errorf("%q: done is %v and noted is %v", begin, done, noted)
		}
	}
}

// lockedMemory reports whether any page of this process is locked.
func lockedMemory(t *testing.T) bool {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmLck:"); ok {
			return strings.Fields(v)[0] != "0"
		}
	}
	t.Fatal("the system does not say how much memory is locked")
	return false
}

func TestHardenNotes(t *testing.T) {
	fails := func() error { return errors.New("not permitted") }
	works := func() error { return nil }
	got := harden([]measure{{"a is so", fails}, {"b is so", works}, {"c is so", fails}})
	if want := []string{"a is so: not permitted", "c is so: not permitted"}; !slices.Equal(got, want) {
		t.Errorf("harden = %q, want %q", got, want)
	}
	if got := harden([]measure{{"b is so", works}}); got != nil {
		t.Errorf("harden = %q, want nothing", got)
	}
}

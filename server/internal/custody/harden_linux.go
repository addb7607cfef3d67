package custody

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden makes it harder to find keys outside the memory of this process: in a core
// dump, in the swap space of a stolen disk, or with a debugger of the same user. It
// returns what it could not do, one line each, for the log; none of it is a reason not
// to start. Call it before the first key is opened.
func Harden() (notes []string) {
	return harden([]measure{
		{"core dumps are not limited", noCore},
		{"the process can be dumped and traced by its own user", notDumpable},
		{"memory is not locked, so keys may reach swap space", lockMemory},
	})
}

type measure struct {
	without string // what is so if it fails
	take    func() error
}

func harden(measures []measure) (notes []string) {
	for _, m := range measures {
		if err := m.take(); err != nil {
			notes = append(notes, fmt.Sprintf("%s: %v", m.without, err))
		}
	}
	return notes
}

func noCore() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }

// notDumpable covers core dumps that go to a program, which the limit on their size does
// not stop, and keeps other processes of the same user from attaching to this one.
func notDumpable() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

// lockMemory locks pages when they are first used, because the address space that the Go
// runtime reserves is many times what it uses.
//
// It does so only if no limit applies: under one that is just large enough for today, the
// first allocation past it would end the process. Whether CAP_IPC_LOCK lifts the limit
// depends on the user namespace, so that is tried, with the limit at nothing.
func lockMemory() error {
	const all = unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		return err
	}
	during, after := unix.Rlimit{Max: limit.Max}, limit
	if limit.Max == unix.RLIM_INFINITY {
		during.Cur, after.Cur = limit.Max, limit.Max
	}
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &during); err != nil {
		return err
	}
	err := unix.Mlockall(all)
	if err != nil {
		err = fmt.Errorf("it takes CAP_IPC_LOCK or LimitMEMLOCK=infinity: %w", err)
	}
	return errors.Join(err, unix.Setrlimit(unix.RLIMIT_MEMLOCK, &after))
}

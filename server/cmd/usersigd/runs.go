package main

import (
	"fmt"

	"usersig/server/internal/audit"
	"usersig/server/internal/daemon"
)

// runs checks a log: one chain, or several of a signer without a store that writes to
// standard output, of which each run begins one.
type runs struct {
	want  mark
	heads []mark // of the runs that have ended

	chain audit.Checker // of the one that is read
	found bool          // want
	other bool          // an entry with want's number
}

func (r *runs) next(e audit.Entry) error {
	if daemon.BeginsRun(&e) {
		r.cut()
	}
	if err := r.chain.Next(e); err != nil {
		return err
	}
	if e.Seq == r.want.seq {
		r.found = r.found || e.Hash == r.want.hash
		r.other = true
	}
	return nil
}

// cut ends a run.
func (r *runs) cut() {
	if seq, hash := r.chain.Head(); seq > 0 {
		r.heads = append(r.heads, mark{seq, hash})
	}
	r.chain = audit.Checker{}
}

// end ends the last run and says whether want was in one.
func (r *runs) end() error {
	r.cut()
	switch {
	case r.found || r.want.seq == 0:
		return nil
	case r.other:
		return fmt.Errorf("%w: entry %d is another one than --head says: the log was made anew from before it", audit.ErrBroken, r.want.seq)
	}
	var last int64
	for _, head := range r.heads {
		last = max(last, head.seq)
	}
	return fmt.Errorf("%w: it ends with entry %d, and --head says that there was entry %d: its end was cut off", audit.ErrBroken, last, r.want.seq)
}

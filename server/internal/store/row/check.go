package row

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"usersig/server/internal/audit"
)

// ErrNoHead is the answer of a store whose head is missing.
var ErrNoHead = fmt.Errorf("%w: the store's head is missing", audit.ErrBroken)

// A Check compares the audit log with all else that a store says of it. The chain itself is
// for an [audit.Checker] to look at: this is about what the chain cannot show, that entries
// are missing at its end or from what an application is shown of it.
type Check struct {
	entry func(audit.Entry) error
	last  Head
}

// NewCheck returns a check of a log from its beginning, which calls f for each entry.
func NewCheck(f func(audit.Entry) error) *Check { return &Check{f, Start} }

// Block is called for each row, in order. The index holds the applications that it is found
// under, as [Index] spells them.
func (c *Check) Block(b *Block, index string) error {
	if err := c.follows(b.First); err != nil {
		return err
	}
	entries, err := b.Entries()
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return b.empty()
	}
	about := &Block{}
	for _, e := range entries {
		if err := c.follows(e.Seq); err != nil {
			return err
		}
		if err := c.entry(e); err != nil {
			return err
		}
		c.last = Head{e.Seq, e.Hash}
		about.addApp(e.App)
	}
	if about.Index() != index {
		return fmt.Errorf("%w: the index of entry %d and those stored with it was changed: "+
			"it names other applications than they are about", audit.ErrBroken, b.First)
	}
	return nil
}

func (c *Check) follows(seq int64) error {
	if seq == c.last.Seq+1 {
		return nil
	}
	return fmt.Errorf("%w: entry %d follows entry %d: entries are missing or in another order", audit.ErrBroken, seq, c.last.Seq)
}

func (b *Block) empty() error {
	return fmt.Errorf("%w: the row of the entries from %d on is empty", audit.ErrBroken, b.First)
}

// End is called after the last row, with what the store says is the end, and whether the
// index names rows that are not there.
func (c *Check) End(head Head, astray bool) error {
	if astray {
		return fmt.Errorf("%w: the index names entries that are not there", audit.ErrBroken)
	}
	return head.is(c.last)
}

// Index returns the applications that the block is about, lowest first, with commas between.
func (b *Block) Index() string {
	var names []string
	for _, app := range slices.Sorted(slices.Values(b.Apps)) {
		names = append(names, strconv.FormatUint(uint64(app), 10))
	}
	return strings.Join(names, ",")
}

// EndsWith fails unless the last row of the log, the zero Block if there is none, ends where
// h says. A server that goes on after a log that was cut would vouch for what is left.
func (h Head) EndsWith(last *Block) error {
	end := Start
	if last.First > 0 {
		line := strings.TrimSuffix(last.Lines, "\n")
		line = last.Lines[strings.LastIndexByte(line, '\n')+1:]
		entries, err := (&Block{First: last.First, Lines: line}).Entries()
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return last.empty()
		}
		end = Head{entries[0].Seq, entries[0].Hash}
	}
	return h.is(end)
}

// is fails unless the log ends with end.
func (h Head) is(end Head) error {
	switch {
	case h == end:
		return nil
	case end.Seq == 0:
		return fmt.Errorf("%w: it is empty, and the store's head says that there was entry %d", audit.ErrBroken, h.Seq)
	case h.Seq != end.Seq:
		return fmt.Errorf("%w: it ends with entry %d, and the store's head says that it ends with entry %d", audit.ErrBroken, end.Seq, h.Seq)
	}
	return fmt.Errorf("%w: entry %d is another one than the store's head says", audit.ErrBroken, h.Seq)
}

// Refusal adds to the error of [Head.EndsWith] what to do about it.
func Refusal(err error) error {
	if !errors.Is(err, audit.ErrBroken) {
		return err
	}
	return fmt.Errorf("%w. The server did not do that: keep a copy, see what usersigd audit verify says, and restore a backup", err)
}

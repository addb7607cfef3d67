package row

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
)

// Head is the end of the audit log.
type Head struct {
	Seq  int64
	Hash string
}

// Start is the head of an empty log.
var Start = Head{Hash: audit.Genesis}

// A Block is what one commit adds to the audit log. It is stored as one row, because a
// row for each entry makes recording a batch of signings twice as expensive.
//
//	first   number of the first entry
//	lines   {"seq":17,…,"hash":"…"}\n for each entry
type Block struct {
	First int64
	Lines string
	Apps  []uint32 // the applications that the entries are about
	Head  Head     // after the block

	entries []audit.Entry
}

// Append returns the block that holds copies of entries, linked after h. The entries
// themselves stay as they are until the block is stored and [Block.Tell] is called.
func (h Head) Append(entries []*audit.Entry) (*Block, error) {
	b := &Block{First: h.Seq + 1, Head: h, entries: make([]audit.Entry, len(entries))}
	lines := make([]byte, 0, 512*len(entries))
	for i, entry := range entries {
		e := &b.entries[i]
		*e = printable(entry)
		var err error
		if lines, err = e.AppendLinked(lines, b.Head.Seq, b.Head.Hash); err != nil {
			return nil, err
		}
		lines = append(lines, '\n')
		b.Head = Head{e.Seq, e.Hash}
		b.addApp(e.App)
	}
	b.Lines = string(lines)
	return b, nil
}

// printable returns a copy of e without bytes that are not UTF-8. JSON would replace
// them when it is written and spell the replacement in another way when it is written
// again, so that an honest entry would look like a forged one.
func printable(e *audit.Entry) audit.Entry {
	const mark = "\uFFFD"
	c := *e
	c.Caller = strings.ToValidUTF8(c.Caller, mark)
	c.Source = strings.ToValidUTF8(c.Source, mark)
	c.Request = strings.ToValidUTF8(c.Request, mark)
	c.Action = access.Action(strings.ToValidUTF8(string(c.Action), mark))
	c.Subject = strings.ToValidUTF8(c.Subject, mark)
	c.Outcome = audit.Outcome(strings.ToValidUTF8(string(c.Outcome), mark))
	c.Detail = strings.ToValidUTF8(c.Detail, mark)
	return c
}

// addApp looks through the list: a batch is about few applications, most often one.
func (b *Block) addApp(app uint32) {
	if app == 0 {
		return
	}
	for _, known := range b.Apps {
		if known == app {
			return
		}
	}
	b.Apps = append(b.Apps, app)
}

// Tell sets in entries, those that the block was made of, what linking them found.
func (b *Block) Tell(entries []*audit.Entry) {
	for i := range b.entries {
		*entries[i] = b.entries[i]
	}
}

// Follow returns the part of text that follows h as the block that it is, empty if there
// is none, and where in text it begins. A line counts only if it says, to the byte, what an
// entry linked there says: whatever a crash has left around it is passed over, and nothing
// that was changed or comes from another log is taken for a record.
func (h Head) Follow(text string) (b *Block, start int) {
	b = &Block{First: h.Seq + 1, Head: h}
	end, at := 0, 0
	for line := range strings.Lines(text) {
		at += len(line)
		if b.follow(line) {
			if end == 0 {
				start = at - len(line)
			}
			end = at
		} else if end > 0 {
			break
		}
	}
	b.Lines = text[start:end]
	return b, start
}

// follow adds a line to the block if it is the next.
func (b *Block) follow(line string) bool {
	next := `{"seq":` + strconv.FormatInt(b.Head.Seq+1, 10) + ","
	var e audit.Entry
	if !strings.HasPrefix(line, next) || json.Unmarshal([]byte(line), &e) != nil {
		return false
	}
	want, err := e.AppendLinked(nil, b.Head.Seq, b.Head.Hash)
	if err != nil || string(want)+"\n" != line {
		return false
	}
	b.Head = Head{e.Seq, e.Hash}
	b.addApp(e.App)
	return true
}

// Join adds a block that follows b. Its lines are with who has those of b.
func (b *Block) Join(next *Block) {
	b.Head = next.Head
	for _, app := range next.Apps {
		b.addApp(app)
	}
}

// Entries reads the block's lines. Each must be spelled as [audit.Entry.AppendJSON] does it: a
// reader of JSON would not see what somebody has added.
func (b *Block) Entries() ([]audit.Entry, error) {
	var entries []audit.Entry
	for line := range strings.Lines(b.Lines) {
		var e audit.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return nil, fmt.Errorf("%w: the entries from %d on cannot be read: %w", audit.ErrBroken, b.First, err)
		}
		if text, err := e.AppendJSON(nil); err != nil || string(text)+"\n" != line {
			return nil, fmt.Errorf("%w: entry %d was spelled by somebody else", audit.ErrBroken, e.Seq)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

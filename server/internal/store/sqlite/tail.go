package sqlite

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"usersig/server/internal/store/row"
)

// mostTail is how long the tail may get: a page of the log is read in rows, and this is
// the longest.
const mostTail = 256 << 10

// tail is the end of the audit log that is not in the database yet: a file of entries,
// as lines, that an append writes to. It costs one write, a fortieth of a transaction.
//
// What is in the file may be in the database, too, after a crash in the wrong moment, and
// there may be half a line at its end. Nothing has to be known about that: only lines that
// follow what is in the database are in the log, see [row.Head.Follow].
//
// It belongs to who holds [Store.turn].
type tail struct {
	file  *os.File
	base  row.Head // of the database: what the tail follows
	start int64    // where in the file it begins
	end   int64
	row.Block
	room []byte // of the last text
}

// tailFile is the name of the tail of the database at path.
func tailFile(path string) string { return path + ".tail" }

// readTail returns what is in the file, nothing if there is none.
func readTail(path string) (string, error) {
	text, err := os.ReadFile(tailFile(path))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

// openTail finds the tail of a database whose log ends with base.
func openTail(path string, base row.Head) (*tail, error) {
	f, err := os.OpenFile(tailFile(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	t := &tail{file: f}
	if err := t.find(base); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return t, nil
}

// find reads the file again, after a commit whose outcome is not known.
func (t *tail) find(base row.Head) error {
	text, err := io.ReadAll(io.NewSectionReader(t.file, 0, 1<<62))
	if err != nil {
		return err
	}
	block, start := base.Follow(string(text))
	t.base, t.Block, t.start = base, *block, int64(start)
	t.end = t.start + int64(len(block.Lines))
	t.Lines = ""               // they are in the file
	_ = t.file.Truncate(t.end) // what comes after them does not count
	return nil
}

func (t *tail) empty() bool { return t.end == t.start }

// append adds a block, or nothing: what was refused must not be found after a crash.
func (t *tail) append(b *row.Block) error {
	t.room = append(t.room[:0], b.Lines...)
	if _, err := t.file.WriteAt(t.room, t.end); err != nil {
		return errors.Join(err, t.file.Truncate(t.end))
	}
	t.end += int64(len(b.Lines))
	t.Join(b)
	return nil
}

// take returns the whole tail as one block.
func (t *tail) take() (*row.Block, error) {
	b, n := t.Block, int(t.end-t.start)
	t.room = slices.Grow(t.room[:0], n)[:n]
	if _, err := t.file.ReadAt(t.room, t.start); err != nil {
		return nil, err
	}
	b.Lines = string(t.room)
	return &b, nil
}

// reset makes the tail empty: base is the end of the log, and in the database. If the file
// cannot be cut, what comes next is written after the lines that do not count any more.
func (t *tail) reset(base row.Head) {
	t.base, t.Block = base, row.Block{First: base.Seq + 1, Head: base}
	if t.end > 0 && t.file.Truncate(0) == nil {
		t.end = 0
	}
	t.start = t.end
}

package daemon

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"usersig/server/internal/access"
	"usersig/server/internal/audit"
	"usersig/server/internal/issuer"
	"usersig/server/internal/store/row"
)

// ledger is the audit log of a stateless signer: the lines that a store would keep,
// appended to a file or written to standard output.
type ledger struct {
	mu   sync.Mutex
	out  io.Writer
	file *os.File // out, if it is a file; otherwise nil
	size int64    // of the file, up to the last entry that is whole
	head row.Head
	tail []audit.Entry // the last ones, oldest first
	lost error         // why no more can be written; sticky
}

// mostTail bounds what of the log is kept in memory, to be read through the API. All of
// it is in the file.
const mostTail = 4096

// maxLine is longer than any entry: its texts are bounded.
const maxLine = 16 << 10

// newLedger returns a ledger that writes to out and begins at the genesis.
func newLedger(out io.Writer) *ledger { return &ledger{out: out, head: row.Start} }

// beginRun is the first entry of a log on standard output. Nobody can read there where the
// last run ended, so each begins a chain of its own, and says so: somebody who collects
// the runs in one file would take the second for a log that was tampered with.
const beginRun access.Action = "audit.begin"

// BeginsRun reports whether e is the first entry of such a log.
func BeginsRun(e *audit.Entry) bool { return e.Seq == 1 && e.Action == beginRun }

// beginLedger returns a ledger that writes to out from now on.
func beginLedger(ctx context.Context, out io.Writer, now time.Time) (*ledger, error) {
	l := newLedger(out)
	return l, l.append(ctx, []*audit.Entry{{At: now, Caller: "server", Action: beginRun, Outcome: audit.Done}})
}

// openLedger returns a ledger that goes on where the file ends.
func openLedger(path string) (*ledger, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return nil, fmt.Errorf("open audit log: %w", err)
	}
	l := newLedger(f)
	l.file = f
	if err := l.resume(); err != nil {
		return nil, fmt.Errorf("open audit log %q: %w", path, errors.Join(err, f.Close()))
	}
	return l, nil
}

// resume reads the file to its end and checks it: to go on after a log that was
// tampered with would vouch for it. Another process that writes to it would fork the
// chain, hence the lock.
func (l *ledger) resume() error {
	if err := lock(l.file); err != nil {
		return err
	}
	var check audit.Checker
	size, err := readEntries(l.file, func(e audit.Entry) error {
		l.remember(e)
		return check.Next(e)
	})
	// A last line without an end is a write that a crash cut off. It was acknowledged to
	// nobody, so it goes.
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if seq, hash := check.Head(); seq > 0 {
		l.head = row.Head{Seq: seq, Hash: hash}
	}
	l.size = size
	return l.restore()
}

// restore cuts off what is after the last whole entry.
func (l *ledger) restore() error {
	if err := l.file.Truncate(l.size); err != nil {
		return err
	}
	_, err := l.file.Seek(l.size, io.SeekStart)
	return err
}

// append writes entries, and returns when they are on the disk. If it fails none of
// them is in the log.
func (l *ledger) append(ctx context.Context, entries []*audit.Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.lost != nil {
		return l.lost
	}
	block, err := l.head.Append(entries)
	if err != nil {
		return err
	}
	if err := l.write(block.Lines); err != nil {
		return fmt.Errorf("%w: write audit log: %w", issuer.ErrUnavailable, err)
	}
	block.Tell(entries)
	l.head, l.size = block.Head, l.size+int64(len(block.Lines))
	for _, e := range entries {
		l.remember(*e)
	}
	return nil
}

// write writes all of text or nothing.
func (l *ledger) write(text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(l.out, text)
	if err == nil && l.file != nil {
		err = l.file.Sync()
	}
	if err == nil {
		return nil
	}
	if l.file == nil {
		// What was written of it cannot be taken back, and the chain would have two ends.
		l.lost = fmt.Errorf("%w: the audit log cannot be written any more: %w", issuer.ErrUnavailable, err)
	} else if restored := l.restore(); restored != nil {
		l.lost = fmt.Errorf("%w: the end of the audit log is in doubt: %w", issuer.ErrUnavailable, restored)
	}
	return err
}

func (l *ledger) remember(e audit.Entry) {
	if len(l.tail) == 2*mostTail {
		l.tail = append(l.tail[:0], l.tail[mostTail:]...)
	}
	l.tail = append(l.tail, e)
}

// page returns entries that are still in memory.
func (l *ledger) page(app uint32, after int64, limit int) []audit.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var page []audit.Entry
	for _, e := range l.tail {
		if len(page) >= limit {
			break
		}
		if e.Seq > after && (app == 0 || e.App == app) {
			page = append(page, e)
		}
	}
	return page
}

func (l *ledger) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = fmt.Errorf("%w: it is closed", issuer.ErrUnavailable)
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// ReadEntries calls f for each entry in JSON lines, until it fails. Each line must be
// spelled as the log spells it: a reader of JSON would not see what was added to one.
func ReadEntries(r io.Reader, f func(audit.Entry) error) error {
	_, err := readEntries(r, f)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the last line has no end", audit.ErrBroken)
	}
	return err
}

// readEntries also returns how long the lines were that f was called for. The error is
// [io.ErrUnexpectedEOF] if the last line has no end.
func readEntries(r io.Reader, f func(audit.Entry) error) (size int64, err error) {
	lines := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(line) == 0:
			return size, nil
		case errors.Is(err, io.EOF):
			return size, io.ErrUnexpectedEOF
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return size, err
		}
		var e audit.Entry
		if err != nil || json.Unmarshal(line, &e) != nil {
			return size, fmt.Errorf("%w: line %d is not an entry", audit.ErrBroken, n)
		}
		if !spelled(&e, line) {
			return size, fmt.Errorf("%w: line %d was spelled by somebody else", audit.ErrBroken, n)
		}
		if err := f(e); err != nil {
			return size, err
		}
		size += int64(len(line))
	}
}

// spelled reports whether a line is that of an entry. The API leaves characters alone
// that the log, like any page with JSON in it, escapes.
func spelled(e *audit.Entry, line []byte) bool {
	log, err := e.AppendJSON(nil)
	if err != nil || bytes.Equal(append(log, '\n'), line) {
		return err == nil
	}
	var api bytes.Buffer
	enc := json.NewEncoder(&api)
	enc.SetEscapeHTML(false)
	return enc.Encode(e) == nil && bytes.Equal(api.Bytes(), line)
}

package batch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	// maxLine is the longest line that is looked at, in bytes. A user ID is much
	// shorter; this leaves room for saying what is wrong with one.
	maxLine = 1 << 10

	readSize = 64 << 10
)

// overlong stands for every line that is longer than maxLine, so that a file
// without line feeds costs no memory.
var overlong = make([]byte, maxLine+1)

var byteOrderMark = []byte("\ufeff")

// lines reads lines and counts them.
type lines struct {
	r      *bufio.Reader
	number int64 // of the line that next returned
	line   []byte
	held   bool  // next returns the same line again
	ended  bool  // nothing more is read: a terminal would go on after its end
	err    error // what ended the input too early
}

func newLines(r io.Reader) *lines {
	return &lines{r: bufio.NewReaderSize(r, readSize)}
}

// next returns a line without its end, which stays as it is until the next call. It
// returns false after the last line, or when reading fails and sets err.
func (l *lines) next() ([]byte, bool) {
	if !l.held && !l.read() {
		return nil, false
	}
	l.held = false
	l.number++
	return l.line, true
}

// back makes next return the last line again.
func (l *lines) back() {
	l.held = true
	l.number--
}

// idle reports whether the next line may be long in coming.
func (l *lines) idle() bool { return l.r.Buffered() == 0 }

func (l *lines) read() bool {
	if l.ended {
		return false
	}
	line, err := l.r.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		line = overlong
		_, err = l.r.ReadSlice('\n')
	}
	if err != nil {
		l.ended = true
		if err != io.EOF { // nor may it wrap io.EOF
			// What came last may be cut off and then be another user's ID.
			l.err = fmt.Errorf("read user IDs: %w", err)
			return false
		}
		if len(line) == 0 {
			return false
		}
	}
	l.line = l.trim(line)
	return true
}

func (l *lines) trim(line []byte) []byte {
	if l.number == 0 {
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	line = bytes.TrimSuffix(line, []byte{'\n'})
	line = bytes.TrimSuffix(line, []byte{'\r'})
	if len(line) > maxLine {
		return overlong
	}
	return line
}

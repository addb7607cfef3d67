package main

import (
	"bytes"
	"io"
	"os"

	"usersig"
)

// census counts the user IDs that pass through it and are not portable. It must not
// be asked before whoever reads from it is done.
type census struct {
	r     io.Reader
	line  []byte // the line that is not complete, as far as it matters
	count int64
}

// Read implements [io.Reader].
func (c *census) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	rest := b[:n]
	for {
		line, after, found := bytes.Cut(rest, []byte{'\n'})
		if !found {
			break
		}
		c.take(line)
		c.end()
		rest = after
	}
	c.take(rest)
	return n, err
}

// take keeps as much of a line as tells whether it is portable.
func (c *census) take(part []byte) {
	if room := usersig.MaxUserID + 2 - len(c.line); room > 0 {
		c.line = append(c.line, part[:min(room, len(part))]...)
	}
}

func (c *census) end() {
	user := bytes.TrimSuffix(c.line, []byte{'\r'})
	// What is too long is rejected and needs no warning.
	if len(user) > 0 && len(user) <= usersig.MaxUserID && !usersig.PortableUserID(string(user)) {
		c.count++
	}
	c.line = c.line[:0]
}

func (c *census) unportable() int64 {
	c.end()
	return c.count
}

// countLines counts the lines of a file and goes back to its beginning. What cannot
// be read twice, such as a pipe, is not counted.
func countLines(f *os.File) (int64, error) {
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return 0, err
	}
	var n int64
	open := false // whether the last line has no line feed
	buf := make([]byte, 64<<10)
	for {
		k, err := f.Read(buf)
		if k > 0 {
			n += int64(bytes.Count(buf[:k], []byte{'\n'}))
			open = !bytes.HasSuffix(buf[:k], []byte{'\n'})
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	if open {
		n++
	}
	_, err := f.Seek(0, io.SeekStart)
	return n, err
}

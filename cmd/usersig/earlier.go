package main

import (
	"bytes"
	"os"
)

// earlier is the output of the run that --resume goes on with. The rows in it are
// read and compared, then it is truncated to them, and then new ones are written.
type earlier struct {
	*os.File
	c    *batchCmd
	rows int64
}

// Read counts the rows: no user ID and no token has a line feed in it.
func (e *earlier) Read(b []byte) (int, error) {
	n, err := e.File.Read(b)
	e.rows += int64(bytes.Count(b[:n], []byte{'\n'}))
	return n, err
}

// Truncate comes between the earlier rows and the new ones, which alone tell how fast
// the work goes.
func (e *earlier) Truncate(size int64) error {
	if e.c.header && e.rows > 0 {
		e.rows--
	}
	e.c.meter.begin(e.rows + e.c.rejected)
	return e.File.Truncate(size)
}

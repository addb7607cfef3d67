package batch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"

	"usersig"
)

// Lines are handed around in chunks, so that what handing costs vanishes. A chunk
// takes a worker some hundred microseconds, or a millisecond or two with ECDSA.
const (
	linesHMAC  = 512
	linesECDSA = 32
)

// chunk is some lines of the input and what became of them. It belongs to the
// reader, a worker and the writer in turn.
type chunk struct {
	first int64  // number of the first line
	text  []byte // the lines, one after the other
	ends  []int  // where each one ends

	out      []byte // rows
	count    int64  // of them
	rejected []rejection
	err      error         // what ended the work after these rows
	made     chan struct{} // holds one when the worker is done
}

type rejection struct {
	line int64
	err  error
}

// pipeline is one reader, several workers and one writer:
//
//	free → read → work → make → (made) → write → free
//	            → order ────────────────↗
//
// There are as many chunks as free has room for, and that bounds the memory. No
// other channel can be full.
type pipeline struct {
	job   *Job
	in    *lines
	jobs  int
	most  int         // lines in a chunk
	free  chan *chunk // chunks in nobody's hands
	work  chan *chunk
	order chan *chunk // the same chunks in the order of the input
	err   error       // what ended the input too early; set before order is closed
}

func newPipeline(job *Job, in *lines) *pipeline {
	p := &pipeline{job: job, in: in, jobs: job.Jobs, most: linesECDSA}
	if p.jobs <= 0 {
		p.jobs = runtime.GOMAXPROCS(0)
	}
	switch {
	case job.Issuer != nil:
		p.most = linesIssuer
	case job.Signer.Scheme() == usersig.SchemeHMAC:
		p.most = linesHMAC
	}
	// One more each for every worker to take at once, and some for the reader
	// and the writer.
	n := 2*p.jobs + 2
	p.free, p.work, p.order = make(chan *chunk, n), make(chan *chunk, n), make(chan *chunk, n)
	for range n {
		p.free <- &chunk{made: make(chan struct{}, 1)}
	}
	return p
}

// run adds what it does to done.
func (p *pipeline) run(ctx context.Context, done Result) (Result, error) {
	var workers sync.WaitGroup
	defer workers.Wait()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()

	go p.read(inner)
	for range p.jobs {
		workers.Go(func() { p.make(inner) })
	}
	err := p.write(ctx, &done)
	return done, err
}

func (p *pipeline) read(ctx context.Context) {
	defer close(p.order)
	defer close(p.work)
	for more := true; more; {
		select {
		case c := <-p.free:
			more = c.fill(p.in, p.most)
			p.order <- c
			p.work <- c
		case <-ctx.Done():
			p.err = ctx.Err()
			return
		}
	}
	p.err = p.in.err
}

// fill takes lines until there are enough or the next may be long in coming, so
// that whoever types user IDs sees tokens. It returns false after the last line.
func (c *chunk) fill(in *lines, most int) bool {
	c.first = in.number + 1
	c.text, c.ends, c.out, c.count, c.rejected = c.text[:0], c.ends[:0], c.out[:0], 0, c.rejected[:0]
	for len(c.ends) < most {
		line, ok := in.next()
		if !ok {
			return false
		}
		c.text = append(c.text, line...)
		c.ends = append(c.ends, len(c.text))
		if in.idle() {
			break
		}
	}
	return true
}

func (p *pipeline) make(ctx context.Context) {
	r := newRows(p.job)
	for {
		select {
		case c, ok := <-p.work:
			if !ok {
				return
			}
			if p.job.Issuer != nil {
				c.issue(ctx, r)
			} else {
				c.make(r)
			}
			c.made <- struct{}{}
		case <-ctx.Done():
			return
		}
	}
}

func (c *chunk) make(r *rows) {
	text, start := string(c.text), 0 // one string for all the user IDs
	for i, end := range c.ends {
		user := text[start:end]
		line := c.text[start:end]
		start = end
		if user == "" {
			continue
		}
		var err error
		if c.out, err = r.append(c.out, user); err == nil {
			c.count++
			continue
		}
		if signable(line) {
			c.err = fmt.Errorf("line %d: %w", c.first+int64(i), err)
			return
		}
		c.rejected = append(c.rejected, rejection{c.first + int64(i), err})
	}
}

func (p *pipeline) write(ctx context.Context, done *Result) error {
	for ctx.Err() == nil {
		select {
		case c, ok := <-p.order:
			if !ok {
				return p.err
			}
			select {
			case <-c.made:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := p.writeChunk(c, done); err != nil {
				return err
			}
			p.free <- c
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// writeChunk writes the rows in one piece: nothing can come between half a row and
// the rest of it but a writer that fails.
func (p *pipeline) writeChunk(c *chunk, done *Result) error {
	if len(c.out) > 0 {
		n, err := p.job.Out.Write(c.out)
		if err == nil && n < len(c.out) {
			err = io.ErrShortWrite
		}
		if err != nil {
			done.Signed += int64(bytes.Count(c.out[:n], []byte{'\n'}))
			return fmt.Errorf("write tokens: %w", err)
		}
	}
	done.Signed += c.count
	for _, r := range c.rejected {
		done.Rejected++
		p.job.reject(r.line, r.err)
	}
	p.job.report(*done)
	return c.err
}

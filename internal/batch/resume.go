package batch

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"usersig"
)

// ErrMismatch means that a file does not hold the beginning of the job's output.
// The file is left as it was.
var ErrMismatch = errors.New("the file is not the beginning of this output")

// File holds the output of a job that can be resumed. An [os.File] opened for
// reading and writing is one.
type File interface {
	io.ReadWriteSeeker
	Truncate(size int64) error
}

// Resume does what is left of a job that wrote to f before it was interrupted, and
// all of it if f is empty. In must be the input from its beginning; Out is not used.
//
// The rows in f are compared with the input one by one, and the tokens in the first
// and the last with the Signer's application, the TTL and the time of issue. If all
// agree, a torn row at the end is cut off and the rest is appended. If not, f is not
// touched and the error wraps [ErrMismatch]. Lines that cannot be signed are
// rejected again, so that the last run tells the whole story.
func Resume(ctx context.Context, f File, job Job) (Result, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return Result{}, fmt.Errorf("read earlier output: %w", err)
	}
	p := replay{job: &job, in: newLines(job.In), out: bufio.NewReaderSize(f, readSize), rows: newRows(&job)}
	if err := p.run(ctx); err != nil {
		return p.done, err
	}
	if err := f.Truncate(p.end); err != nil {
		return p.done, fmt.Errorf("cut off a torn row: %w", err)
	}
	if _, err := f.Seek(p.end, io.SeekStart); err != nil {
		return p.done, fmt.Errorf("append to earlier output: %w", err)
	}
	job.Out = f
	if p.end == 0 {
		if err := job.writeHeader(); err != nil {
			return p.done, err
		}
	}
	return newPipeline(&job, p.in).run(ctx, p.done)
}

// replay goes through the input and the earlier output side by side.
type replay struct {
	job  *Job
	in   *lines
	out  *bufio.Reader
	rows *rows

	done   Result
	end    int64  // of the last complete row
	open   []byte // scratch: the opening of a row
	last   []byte // of the last row, what follows the opening
	lastID string
}

func (p *replay) run(ctx context.Context) error {
	if p.job.hasHeader() {
		if err := p.skipHeader(); err != nil || p.end == 0 {
			return err
		}
	}
	for ctx.Err() == nil {
		row, err := p.out.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			return p.finish(ctx, row)
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("%w: row %d is too long", ErrMismatch, p.done.Skipped+1)
		case err != nil:
			return fmt.Errorf("read earlier output: %w", err)
		}
		if err := p.match(ctx, row); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// skipHeader leaves end at 0 if the earlier run did not get beyond the header.
func (p *replay) skipHeader() error {
	got, err := p.out.Peek(len(header))
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("read earlier output: %w", err)
	case string(got) != header[:len(got)]:
		return fmt.Errorf("%w: it has no header", ErrMismatch)
	case len(got) == len(header):
		_, _ = p.out.Discard(len(header)) // they are buffered
		p.end = int64(len(header))
	}
	return nil
}

// match checks that a row is that of the next user ID in the input.
func (p *replay) match(ctx context.Context, row []byte) error {
	user, err := p.nextUser()
	if err != nil {
		return err
	}
	p.open = p.job.Format.appendOpening(p.open[:0], string(user))
	if user == nil || !bytes.HasPrefix(row, p.open) {
		return p.mismatch(user)
	}
	if !p.job.Format.rowEnds(row[len(p.open):]) {
		return fmt.Errorf("%w: token in row %d is damaged, or not all there is", ErrMismatch, p.done.Skipped+1)
	}
	p.last = append(p.last[:0], row[len(p.open):]...)
	p.lastID = string(user)
	p.end += int64(len(row))
	p.done.Skipped++
	if p.done.Skipped == 1 {
		return p.checkToken(ctx)
	}
	if p.done.Skipped%linesHMAC == 0 {
		p.job.report(p.done)
	}
	return nil
}

// finish checks what follows the last complete row: nothing, or the beginning of a
// row. Anything else was not written by this job and must not be cut off.
func (p *replay) finish(ctx context.Context, torn []byte) error {
	if p.done.Skipped > 1 {
		if err := p.checkToken(ctx); err != nil {
			return err
		}
	}
	if len(torn) == 0 {
		return nil
	}
	user, err := p.nextUser()
	if err != nil {
		return err
	}
	p.open = p.job.Format.appendOpening(p.open[:0], string(user))
	n := min(len(torn), len(p.open))
	if user == nil || !bytes.Equal(torn[:n], p.open[:n]) {
		return p.mismatch(user)
	}
	if !p.job.Format.rowBegins(torn[n:]) {
		return fmt.Errorf("%w: what follows row %d is no beginning of a row", ErrMismatch, p.done.Skipped)
	}
	p.in.back()
	return nil
}

// nextUser returns the next user ID that can be signed for, or nil at the end of
// the input. It rejects the lines before it that cannot.
func (p *replay) nextUser() ([]byte, error) {
	for {
		line, ok := p.in.next()
		switch {
		case !ok:
			return nil, p.in.err
		case signable(line):
			return line, nil
		case len(line) > 0:
			p.done.Rejected++
			p.job.reject(p.in.number, p.rows.fault(string(line)))
		}
	}
}

func (p *replay) mismatch(user []byte) error {
	row := p.done.Skipped + 1
	if user == nil {
		return fmt.Errorf("%w: row %d has no line in the input", ErrMismatch, row)
	}
	return fmt.Errorf("%w: row %d is not for the user in line %d of the input", ErrMismatch, row, p.in.number)
}

// checkToken checks that this job could have made the token in the last row.
func (p *replay) checkToken(ctx context.Context) error {
	row := p.done.Skipped
	text := p.job.Format.tokenIn(p.last)
	token, err := usersig.Inspect(text)
	if err != nil {
		return fmt.Errorf("%w: token in row %d: %w", ErrMismatch, row, err)
	}
	want := p.job
	var what string
	switch {
	case token.AppID != want.appID():
		what = "is for another application"
	case want.Issuer == nil && token.Scheme != want.Signer.Scheme():
		what = "was made with another kind of key"
	case token.UserID != p.lastID || token.Purpose != usersig.UserSig:
		what = "is not a UserSig for the user beside it"
	case (want.Issuer == nil || want.TTL != 0) && token.TTL != want.TTL.Truncate(time.Second):
		what = "has another TTL"
	case !want.IssuedAt.IsZero() && token.IssuedAt.Unix() != want.IssuedAt.Unix():
		what = "has another time of issue"
	case p.otherKey(ctx, text):
		what = "was signed with another key"
	default:
		return nil
	}
	return fmt.Errorf("%w: token in row %d %s", ErrMismatch, row, what)
}

// otherKey reports whether a token has a signature that is not the job's. Whether it
// is still in date does not matter here.
func (p *replay) otherKey(ctx context.Context, token string) bool {
	if p.job.Verifier == nil {
		return false
	}
	_, err := p.job.Verifier.Verify(ctx, token, p.lastID)
	return errors.Is(err, usersig.ErrSignature) || errors.Is(err, usersig.ErrNoKey)
}

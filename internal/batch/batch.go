// Package batch makes tokens in bulk: user IDs in, one a line, and tokens out, in
// the order of the input, on all cores and in bounded memory. What was interrupted
// can be resumed.
//
// It owns the layout of the output and the work in parallel. It does not open
// files, draw progress or decide what a user ID may be: that is the library's part.
package batch

import (
	"context"
	"io"
	"time"

	"usersig"
)

// Format is a layout of the output. A row is one line in both.
type Format uint8

// The formats.
const (
	CSV    Format = iota // userid,usersig as RFC 4180 quotes them
	NDJSON               // {"userid":"…","usersig":"…","expires_at":"…"}
)

// Job says what to sign, with what, and where to put it.
//
// The input is one user ID per line, taken as it is: no quotes, no columns, no
// trimming. Lines end in LF or CRLF, and the last one need not. Empty lines are
// skipped, and so is a byte order mark at the very start.
type Job struct {
	Signer   *usersig.Signer
	Verifier *usersig.Verifier // if set, Resume tells by it whether the key is the same
	TTL      time.Duration
	IssuedAt time.Time // zero: each token counts from the second in which it is made

	// Issuer, if set, makes the tokens in place of Signer, and AppID is the
	// application that they must be for. It decides the lifetime if TTL is zero, and
	// the time of issue; Resume does not compare what it decides.
	Issuer Issuer
	AppID  uint32

	In     io.Reader
	Out    io.Writer // of Run; Resume has its own
	Format Format
	Header bool // begin CSV with the names of its columns; NDJSON has them anyway

	// Jobs is how many tokens are made at once. Zero means as many as Go uses
	// cores.
	Jobs int

	// Clock is read if IssuedAt is zero, by several goroutines at once. If nil,
	// [time.Now] is used.
	Clock func() time.Time

	// Progress, if set, is called now and then with how many user IDs are done:
	// signed, rejected and skipped together. Reject, if set, is called for each
	// line that cannot be signed, in the order of the input. Both are called by
	// the goroutine that called Run or Resume.
	Progress func(done int64)
	Reject   func(line int64, err error)
}

// Result counts user IDs.
type Result struct {
	Signed   int64 // rows written by this call
	Rejected int64 // lines that cannot be signed, wherever in the input
	Skipped  int64 // rows that were there before, for Resume
}

func (r Result) done() int64 { return r.Signed + r.Rejected + r.Skipped }

// Run does the job. Whatever the error, Result counts what is done: complete rows
// and the rejected lines before and between them.
//
// If ctx ends, Run returns its error, and Out holds complete rows only. A Read of
// In that is under way then is not waited for, because a terminal or a pipe may
// never end it; until it returns, In must be left alone. A user ID that the library
// refuses is rejected and the work goes on; anything else that stops a token, such
// as a key that fails or a TTL that is too long, ends the work.
func Run(ctx context.Context, job Job) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	if err := job.writeHeader(); err != nil {
		return Result{}, err
	}
	return newPipeline(&job, newLines(job.In)).run(ctx, Result{})
}

func (j *Job) report(r Result) {
	if j.Progress != nil {
		j.Progress(r.done())
	}
}

func (j *Job) reject(line int64, err error) {
	if j.Reject != nil {
		j.Reject(line, err)
	}
}

package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"usersig"
	"usersig/internal/batch"
)

const batchLong = `Sign a UserSig for each user ID of a list, one a line, on all cores. The tokens come in
the order of the list, as CSV or as one JSON object a line.

With --out the work can be interrupted and taken up again: --resume checks what is
there against the list and appends the rest.

A user ID that cannot be signed for is named with its line and left out, and the exit
status is then 1.

With --server a usersigd signs, 1,000 user IDs a request and several requests at once.
Without --ttl the tokens then live as long as the application allows.`

const batchExample = `  usersig keygen --dir keys
  printf 'alice\nbob\n' > users.txt
  usersig batch --app 1400000000 --key keys/private_key --ttl 7d < users.txt

  # a long list, into a file
  usersig batch --app 1400000000 --key keys/private_key --in users.txt --out tokens.csv --header

  # and on from where it was interrupted
  usersig batch --app 1400000000 --key keys/private_key --in users.txt --out tokens.csv --header --resume

  # a server signs
  usersig batch --server https://usersig.example.com --token api.key --app 1400000000 --in users.txt --out server.csv`

type batchCmd struct {
	*ui
	app      uint32
	key      string
	ttl      time.Duration
	at       time.Time
	format   batch.Format
	jobs     int
	in, out  string
	resume   bool
	header   bool
	compress bool
	progress bool
	rejected int64
	meter    *meter
	server   serverFlags
	remote   bool // a server signs
}

func newBatch(u *ui) *cobra.Command {
	c := &batchCmd{ui: u}
	cmd := &cobra.Command{
		Use:     "batch --app N (--key FILE | --server URL) [flags]",
		Short:   "Sign a UserSig for each user ID of a list",
		Long:    batchLong,
		Example: batchExample,
		Args:    noArgs,
		RunE:    c.run,
	}
	f := cmd.Flags()
	appFlag(cmd, &c.app)
	keyFlag(cmd, &c.key, "private key or SECRETKEY")
	ttlFlag(cmd, &c.ttl)
	atFlag(cmd, &c.at, "time of issue of every token")
	addDefault(f, &c.format, "format", "FORMAT", "csv or ndjson", "csv", parseFormat)
	addFlag(f, &c.jobs, "jobs", "N", "how many tokens are made at once (default all cores); with --server, how many requests (default 4)", parseNumber(1, 1024))
	addFlag(f, &c.in, "in", "FILE", "read user IDs from this file (default standard input)", asIs)
	addFlag(f, &c.out, "out", "FILE", "write tokens to this new file (default standard output)", asIs)
	f.BoolVar(&c.resume, "resume", false, "go on with the file of --out")
	f.BoolVar(&c.header, "header", false, "begin CSV with the names of its columns")
	f.BoolVar(&c.compress, "compress", false, "make the tokens about a fifth shorter")
	f.BoolVar(&c.progress, "progress", false, "show progress even if standard error is not a terminal")
	c.server.define(cmd)
	values(cmd, "format", "csv", "ndjson")
	return cmd
}

func parseFormat(text string) (batch.Format, error) {
	switch text {
	case "csv":
		return batch.CSV, nil
	case "ndjson":
		return batch.NDJSON, nil
	}
	return 0, misuse("a format is csv or ndjson")
}

func (c *batchCmd) run(cmd *cobra.Command, _ []string) error {
	if err := c.settle(cmd); err != nil {
		return err
	}
	job, err := c.job(cmd)
	if err != nil {
		return err
	}
	in, total, err := c.input()
	if err != nil {
		return err
	}
	defer in.Close()
	users := &census{r: in}
	c.meter = c.newMeter(total)
	job.In, job.Format, job.Header, job.Jobs = users, c.format, c.header, c.jobs
	job.Clock, job.Progress, job.Reject = c.clock, c.meter.show, c.reject
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	result, err := c.work(ctx, job)
	c.meter.end()
	return c.report(result, err, users)
}

// job says who signs, and what.
func (c *batchCmd) job(cmd *cobra.Command) (batch.Job, error) {
	if c.remote {
		return c.jobOnServer(cmd)
	}
	signer, verifier, err := c.keyHalves()
	return batch.Job{Signer: signer, Verifier: verifier, TTL: c.ttl, IssuedAt: c.at}, err
}

func (c *batchCmd) settle(cmd *cobra.Command) (err error) {
	if c.remote, err = c.remotely(cmd, &c.server, "at", "compress"); err != nil {
		return err
	}
	if err := needsHere(cmd, c.remote, "app"); err != nil {
		return err
	}
	if c.json && c.out == "" && !cmd.Flags().Changed("format") {
		c.format = batch.NDJSON // the rows are what standard output holds
	}
	if c.header && c.format != batch.CSV {
		return misuse("--header is for CSV: the other format has the names in every line").
			hint("leave out --header, or give --format csv")
	}
	if c.resume && c.out == "" {
		return misuse("--resume needs --out FILE: what went to standard output cannot be read again").
			hint("name the file of the first run: --out FILE")
	}
	if c.remote {
		return c.oneStdin(&c.server, c.in == "")
	}
	return oneFromInput(sentence("the user IDs"), c.in == "", c.key)
}

// keyHalves returns what signs, and what tells whether a file was begun with the same
// key.
func (c *batchCmd) keyHalves() (*usersig.Signer, *usersig.Verifier, error) {
	key, err := c.signingKey(c.key)
	if err != nil {
		return nil, nil, err
	}
	signer, err := c.signer(key)
	if err != nil {
		return nil, nil, err
	}
	verifying := []usersig.VerifyingKey{}
	switch k := key.(type) {
	case *usersig.PrivateKey:
		verifying = append(verifying, k.Public())
	case *usersig.Secret:
		verifying = append(verifying, k)
	}
	verifier, err := usersig.NewVerifier(c.app, verifying, &usersig.VerifierOptions{Clock: c.clock})
	return signer, verifier, err
}

func (c *batchCmd) signer(key usersig.SigningKey) (*usersig.Signer, error) {
	signer, err := usersig.NewSigner(c.app, key, &usersig.SignerOptions{
		Clock: c.clock, MaxTTL: usersig.LongestTTL, Compress: c.compress,
	})
	if err != nil {
		return nil, err
	}
	// What cannot be signed for anybody is found out before a file is made.
	if _, err := signer.Sign(usersig.Claims{UserID: "a", TTL: c.ttl, IssuedAt: c.at}); err != nil {
		return nil, err
	}
	return signer, nil
}

// input returns the user IDs and how many lines they have, or 0 if that cannot be known.
func (c *batchCmd) input() (io.ReadCloser, int64, error) {
	if c.in == "" {
		if isTerminal(c.stdin) {
			c.note("type user IDs, one a line, and end with Ctrl-D")
		}
		return io.NopCloser(c.stdin), 0, nil
	}
	f, err := os.Open(c.in)
	if err != nil {
		return nil, 0, fileFailure(c.in, err)
	}
	total, err := countLines(f)
	if err != nil {
		_ = f.Close()
		return nil, 0, fileFailure(c.in, err)
	}
	return f, total, nil
}

func (c *batchCmd) work(ctx context.Context, job batch.Job) (batch.Result, error) {
	if c.out == "" {
		job.Out = c.stdout
		return batch.Run(ctx, job)
	}
	// Tokens are credentials, so the file is its owner's alone.
	out, err := openOutput(c.out, c.resume)
	switch {
	case errors.Is(err, fs.ErrExist):
		return batch.Result{}, cannot("%s already exists", brief(c.out)).
			hint("to go on with it, repeat the command with --resume; otherwise write elsewhere")
	case errors.Is(err, errNotOwn):
		return batch.Result{}, cannot("%s is not a plain file of your own", brief(c.out)).
			hint("somebody else may have put it there to read the tokens: write elsewhere")
	case errors.Is(err, errInUse):
		return batch.Result{}, cannot("%s is being written by another batch", brief(c.out)).
			hint("wait until it ends, or end it")
	case err != nil:
		return batch.Result{}, fileFailure(c.out, err)
	}
	job.Out = out
	run := batch.Run
	if c.resume {
		c.meter.wait()
		run = func(ctx context.Context, job batch.Job) (batch.Result, error) {
			return batch.Resume(ctx, &earlier{File: out, c: c}, job)
		}
	}
	result, err := run(ctx, job)
	if closing := out.Close(); err == nil && closing != nil {
		err = fileFailure(c.out, closing)
	}
	return result, err
}

// Why a file is not taken for output.
var (
	errNotOwn = errors.New("not a plain file of this user")
	errInUse  = errors.New("locked by another process")
)

// maxRejections is how many lines are named; after that they are counted.
const maxRejections = 10

func (c *batchCmd) reject(line int64, err error) {
	if c.rejected++; c.rejected <= maxRejections {
		c.note("line %d: %w", line, bare{err})
	}
}

func (c *batchCmd) report(result batch.Result, err error, users *census) error {
	if err == nil && users.unportable() > 0 { // with an error somebody may still be reading
		c.warn("%s with other characters than A-Z a-z 0-9 _ -, which not every TRTC product takes", userIDs(users.count))
	}
	if c.json && c.out != "" && err == nil {
		err = c.printJSON(struct {
			Signed   int64 `json:"signed"`
			Rejected int64 `json:"rejected"`
			Skipped  int64 `json:"skipped"`
		}{result.Signed, result.Rejected, result.Skipped})
	}
	switch {
	case errors.Is(err, context.Canceled):
		f := cannot("interrupted after %s", tokens(result.Signed+result.Skipped))
		if c.out == "" {
			return f.hint("with --out FILE it could be gone on with: --resume")
		}
		return f.hint("to go on, repeat the command with --resume")
	case errors.Is(err, batch.ErrMismatch):
		return cannot("%s: %w", brief(c.out), err)
	case err != nil && c.remote && c.out != "" && fromServer(err) != nil:
		return fromServer(err).hint("to go on, repeat the command with --resume")
	case err != nil:
		return err
	case result.Rejected > 0:
		c.note("%s could not be signed for; made: %s", userIDs(result.Rejected), tokens(result.Signed+result.Skipped))
		c.hint("a user ID has 1 to 32 bytes; put the corrected ones into a list of their own and sign for that")
		return ended{exitRefused}
	}
	return nil
}

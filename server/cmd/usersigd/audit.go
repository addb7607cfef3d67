package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"usersig/server/internal/audit"
	"usersig/server/internal/config"
	"usersig/server/internal/daemon"
)

func (p *process) newAudit(f *flags) *cobra.Command {
	return group("audit", "Check or export the audit log", p.newAuditVerify(f), p.newAuditExport(f))
}

func (p *process) newAuditVerify(f *flags) *cobra.Command {
	var file, head string
	cmd := &cobra.Command{
		Use: "verify", Short: "Find entries of the audit log that were changed, left out or moved", Args: args(0),
		Long: `Reads the whole log, from the store or from JSON lines, and prints its head: the number
and the hash of the last entry. Write the head down elsewhere: given back with --head,
it also finds a log whose end was cut off, or that was made anew.

In the store, the log is also compared with what the store says is its end, and with its
index, by which an application is shown its part of the log. It works beside a server that
runs.

A file holds the whole log. Each hash covers the entry before, so that the part of it that
is about one application, as "usersig audit --app" prints it, cannot be checked alone.

A file may hold several runs of a signer without a store that writes to standard output.
Each run is a log of its own, with a head of its own: that one of them is missing, or cut
off at its end, is found by its head only.`,
		Example: `  usersigd audit verify --data /var/lib/usersigd
  usersigd audit verify --file export.jsonl --head 1234:9f86d0…`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			want, err := parseHead(head)
			if err != nil {
				return err
			}
			entries, err := p.checked(f, file)
			if err != nil {
				return err
			}
			return p.verify(cmd.Context(), entries, want)
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "read JSON lines from `file` instead of the store")
	cmd.Flags().StringVar(&head, "head", "", "`NUMBER:HASH` of an entry that must be there")
	return cmd
}

// mark is the number and the hash of an entry.
type mark struct {
	seq  int64
	hash string
}

var aHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

func parseHead(text string) (mark, error) {
	if text == "" {
		return mark{}, nil
	}
	number, hash, _ := strings.Cut(text, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 1 || !aHash.MatchString(hash) {
		return mark{}, misuse("--head: it is a number, a colon and a hash of 64 digits, as audit verify prints them")
	}
	return mark{seq, hash}, nil
}

// walk calls f for each entry, in order, until it fails.
type walk func(ctx context.Context, f func(audit.Entry) error) error

// stored returns how to read the store's log, by one of package daemon's ways.
func (p *process) stored(f *flags, read func(context.Context, *config.Config, func(audit.Entry) error) error) (walk, error) {
	cfg, err := p.load(f)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, f func(audit.Entry) error) error { return read(ctx, cfg, f) }, nil
}

// checked returns how to read the log that is to be checked: from a file, or from the store.
func (p *process) checked(f *flags, file string) (walk, error) {
	if file == "" {
		return p.stored(f, daemon.CheckEntries)
	}
	if f.data != "" || f.config != "" {
		return nil, misuse("--file excludes --data and --config")
	}
	return func(_ context.Context, f func(audit.Entry) error) error {
		in, err := os.Open(file) //nolint:gosec // the operator's own path
		if err != nil {
			return err
		}
		defer in.Close()
		return daemon.ReadEntries(in, f)
	}, nil
}

func (p *process) verify(ctx context.Context, entries walk, want mark) error {
	log := runs{want: want}
	err := entries(ctx, log.next)
	if err == nil {
		err = log.end()
	}
	if errors.Is(err, audit.ErrBroken) {
		return failed(err)
	}
	if err != nil {
		return err
	}
	if len(log.heads) == 0 {
		_, err = fmt.Fprintln(p.stdout, "the log is empty")
	}
	for i, head := range log.heads {
		if len(log.heads) > 1 {
			fmt.Fprintf(p.stdout, "run %d of %d: ", i+1, len(log.heads))
		}
		_, err = fmt.Fprintf(p.stdout, "%d entries are good\nhead %d:%s\n", head.seq, head.seq, head.hash)
	}
	return err
}

func (p *process) newAuditExport(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Print the audit log as JSON lines", Args: args(0),
		Long: `Prints the whole log, an entry a line. The lines are as they were hashed, so that audit
verify --file can check them wherever they are kept. It works beside a server that runs.`,
		Example: `  usersigd audit export --data /var/lib/usersigd > audit.jsonl
  usersigd audit verify --file audit.jsonl`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			entries, err := p.stored(f, daemon.Entries)
			if err != nil {
				return err
			}
			return export(cmd.Context(), entries, p.stdout)
		},
	}
}

func export(ctx context.Context, entries walk, out io.Writer) error {
	w := bufio.NewWriter(out)
	lines := json.NewEncoder(w)
	err := entries(ctx, func(e audit.Entry) error { return lines.Encode(e) })
	return errors.Join(err, w.Flush())
}

package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usersig/internal/remote"
)

const auditLong = `Print the audit log of an application or, without --app, of the whole server, the oldest
entry first: who did, or was not let do, what and when. With --json it is the server's
own lines. Those of the whole server are a chain, which "usersigd audit verify --file"
checks. Each hash covers the entry before, whichever application that is about: the lines
of one application are not a chain and cannot be checked alone.`

const auditExample = `  usersig audit --server https://usersig.example.com --token operator.token --app 1400000000
  usersig audit --server https://usersig.example.com --token operator.token --json > audit.jsonl`

type auditCmd struct {
	*ui
	app    uint32
	follow bool
}

func newAudit(u *ui) *cobra.Command {
	c := &auditCmd{ui: u}
	return u.serverVerb(task{
		use: "audit [flags]", short: "Print the audit log", long: auditLong, example: auditExample, run: c.run,
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			appFlag(cmd, &c.app)
			f.BoolVar(&c.follow, "follow", false, "go on with what is recorded from now on, until it is interrupted")
		},
	})
}

// followEvery is how often the log is asked for what is new.
const followEvery = 2 * time.Second

func (c *auditCmd) run(ctx context.Context, client *remote.Client) error {
	if !c.follow {
		return client.Audit(ctx, c.app, c.entry)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := client.Follow(ctx, c.app, followEvery, c.entry)
	if errors.Is(err, context.Canceled) {
		return nil // that is how it ends
	}
	return err
}

// appNumber is empty for what is about no application.
func appNumber(app uint32) string {
	if app == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(app), 10)
}

func (c *auditCmd) entry(r remote.Reply[remote.Entry]) error {
	if c.failed != nil {
		return ended{exitCannot} // nobody reads on; finish says so
	}
	if c.json {
		return c.printRaw(r.JSON)
	}
	e := r.Value
	cells := []string{instant(e.At), e.Outcome, e.Action, appNumber(e.AppID), e.Subject, c.say("by ", "操作者 ") + e.Caller, e.Detail}
	var line []string
	for i, cell := range cells {
		switch {
		case cell == "" && i < 5:
			cell = "-"
		case cell == "":
			continue
		case i == 1 || i == 2 || i == 4 || i == 6:
			cell = show(cell)
		}
		line = append(line, cell)
	}
	c.tell(strings.Join(line, "  ") + "\n")
	return nil
}

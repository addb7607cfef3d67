package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usersig/internal/remote"
)

// userOn is a user of an application on a server.
type userOn struct {
	app uint32
	id  string
}

func (w *userOn) define(cmd *cobra.Command) {
	appFlag(cmd, &w.app)
	userFlag(cmd, &w.id)
}

func newRevoke(u *ui) *cobra.Command {
	var who userOn
	return u.serverVerb(task{
		use: "revoke --app N --user ID [flags]", short: "Void every token a user was issued up to now",
		long: `Void every token that a user was issued up to now. What is issued from the reply on is good
again; to keep a user out there is usersig block.`,
		example: `  usersig revoke --server https://usersig.example.com --token api.key --app 1400000000 --user alice`,
		needs:   []string{"app", "user"}, flags: func(cmd *cobra.Command, _ *pflag.FlagSet) { who.define(cmd) },
		run: func(ctx context.Context, client *remote.Client) error {
			done, err := client.Revoke(ctx, who.app, who.id)
			if err != nil {
				return err
			}
			if u.json {
				return u.printRaw(done.JSON)
			}
			u.note("what %s was issued up to %s is void", show(who.id), instant(done.Value.RevokedTo))
			return nil
		},
	})
}

func newBlock(u *ui) *cobra.Command {
	var who userOn
	var until time.Time
	return u.serverVerb(task{
		use: "block --app N --user ID --until T [flags]", short: "Refuse a user until a time",
		long:    "Refuse a user, with whichever token, until a time.",
		example: `  usersig block --server https://usersig.example.com --token api.key --app 1400000000 --user alice --until 2099-01-01T00:00:00Z`,
		needs:   []string{"app", "user", "until"},
		flags: func(cmd *cobra.Command, f *pflag.FlagSet) {
			who.define(cmd)
			addFlag(f, &until, "until", "T", "when the block ends, as RFC 3339 or in unix seconds", parseAt)
		},
		run: func(ctx context.Context, client *remote.Client) error {
			done, err := client.Block(ctx, who.app, who.id, until)
			if err != nil {
				return err
			}
			if u.json {
				return u.printRaw(done.JSON)
			}
			u.note("%s is blocked until %s", show(who.id), instant(done.Value.BlockedUntil))
			return nil
		},
	})
}

func newUnblock(u *ui) *cobra.Command {
	var who userOn
	return u.serverVerb(task{
		use: "unblock --app N --user ID [flags]", short: "End a block", long: "End a block, so that the user's tokens are good again.",
		example: `  usersig unblock --server https://usersig.example.com --token api.key --app 1400000000 --user alice`,
		needs:   []string{"app", "user"}, flags: func(cmd *cobra.Command, _ *pflag.FlagSet) { who.define(cmd) },
		run: func(ctx context.Context, client *remote.Client) error {
			if err := client.Unblock(ctx, who.app, who.id); err != nil {
				return err
			}
			if u.json {
				return u.printDone()
			}
			u.note("%s is not blocked any more", show(who.id))
			return nil
		},
	})
}

package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"usersig/server/internal/access"
	"usersig/server/internal/config"
	"usersig/server/internal/custody"
	"usersig/server/internal/daemon"
	"usersig/server/internal/issuer"
)

func (p *process) newBackup(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the database to a new file, also while the server runs", Args: args(1),
		Long: `Copies the SQLite database, as it is at one moment, to a new file that only its owner
can read. The KEK is not in it: back it up apart, since whoever has both has every
hosted key. To restore, stop the server and put the copy in the place of usersig.db,
after removing the files whose names end in -wal and -shm.`,
		RunE: func(cmd *cobra.Command, given []string) error {
			cfg, err := p.load(f)
			if err != nil {
				return err
			}
			if err := daemon.Backup(cmd.Context(), cfg, given[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.stdout, "the backup is good; the KEK is not in it")
			return err
		},
	}
}

func (p *process) newKEK(f *flags) *cobra.Command {
	return group("kek", "Make, add to and use the key that hosted keys are sealed under",
		p.newKEKFile("create FILE", "Make a new KEK file", custody.CreateFile),
		p.newKEKFile("add FILE", "Add a new primary key to a KEK file; the older ones stay", custody.AddKey),
		p.newRewrap(f), p.newForget(f), p.newSeal(f))
}

func (p *process) newKEKFile(use, short string, act func(string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args(1),
		RunE: func(_ *cobra.Command, given []string) error { return act(given[0]) },
	}
}

func (p *process) newRewrap(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "rewrap", Short: "Put all hosted keys under the primary KEK", Args: args(0),
		Long: `Wraps every hosted key anew that is not under the primary KEK. Nodes of a PostgreSQL
store go on signing meanwhile; all of them must have the new KEK first. With SQLite, a
running server does this itself at SIGHUP; the command is for one that is stopped.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withState(cmd, f, daemon.OpenSealed, func(s *daemon.State) error {
				n, err := s.Rewrap(cmd.Context(), time.Now)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.stdout, "keys put under the primary KEK: %d\n", n)
				return err
			})
		},
	}
}

// openState opens all of a state.
func openState(ctx context.Context, cfg *config.Config) (*daemon.State, error) {
	return daemon.OpenState(ctx, cfg, daemon.Options{}, nil)
}

// withState opens the state that the flags name, and never makes one.
func (p *process) withState(cmd *cobra.Command, f *flags,
	open func(context.Context, *config.Config) (*daemon.State, error), act func(*daemon.State) error,
) (err error) {
	cfg, err := p.load(f)
	if err != nil {
		return err
	}
	cfg.Init = false
	s, err := open(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	defer func() {
		if closed := s.Close(); err == nil {
			err = closed
		}
	}()
	return act(s)
}

func (p *process) newSeal(f *flags) *cobra.Command {
	var app uint32
	var key, out string
	cmd := &cobra.Command{
		Use: "seal", Short: "Seal a private_key or SECRETKEY for a stateless signer", Args: args(0),
		Long:    `Writes what apps[].sealed_file wants, and prints the key_id that goes with it.`,
		Example: `  usersigd kek seal --config usersigd.yaml --app 1400000000 --key private_key --out app.sealed`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if app == 0 || key == "" || out == "" {
				return misuse("seal needs --app, --key and --out; see: %s --help", cmd.CommandPath())
			}
			cfg, err := p.load(f)
			if err != nil {
				return err
			}
			id, err := daemon.SealFile(cmd.Context(), cfg, app, key, out)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.stdout, "key_id: %s\n", id)
			return err
		},
	}
	cmd.Flags().Uint32Var(&app, "app", 0, "the `SDKAppID` that the key is for")
	cmd.Flags().StringVar(&key, "key", "", "`file` of the key")
	cmd.Flags().StringVar(&out, "out", "", "new `file` to write")
	return cmd
}

func (p *process) newOperator(f *flags) *cobra.Command {
	var out string
	token := &cobra.Command{
		Use: "token", Short: "Make one more operator's credential, for who lost theirs", Args: args(0),
		Long: `Writes a new operator's credential to a new file. It needs access to the state, and with
SQLite the server must be stopped. It is in the audit log as made by "offline". Older
credentials stay: end those that were lost at DELETE /v1/operators/{id}.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return misuse("token needs --out; see: %s --help", cmd.CommandPath())
			}
			return p.withState(cmd, f, openState, func(s *daemon.State) error {
				who := access.Caller{ID: "offline", Scopes: []access.Scope{access.ScopeOperator}}
				id, err := s.AddOperator(cmd.Context(), who, out)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.stdout, "operator's credential %s: %s\n", id, out)
				return err
			})
		},
	}
	token.Flags().StringVar(&out, "out", "", "new `file` to write")
	return group("operator", "Help operators who lost their credential", token)
}

func (p *process) newAPIKey() *cobra.Command {
	return &cobra.Command{
		Use: "apikey FILE", Short: "Make an API key for a stateless signer", Args: args(1),
		Long: `Writes the credential to a new file, for the back end that calls, and prints what the
configuration has instead of it.`,
		RunE: func(_ *cobra.Command, given []string) error {
			text, id, hash := issuer.DeclareAPIKey()
			if err := writeNew(given[0], text+"\n"); err != nil {
				return err
			}
			_, err := fmt.Fprintf(p.stdout, "id: %s\nsha256: %x\n", id, hash)
			return err
		},
	}
}

func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

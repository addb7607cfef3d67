package main

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"

	"github.com/spf13/cobra"

	"usersig/server/internal/config"
)

const rootLong = `usersigd serves the API that issues and verifies UserSigs, keeps applications, their keys
and the audit log, and is an audio/video server that lets in who has a UserSig. Its page
/demo is a call to try.

Without a command it serves until SIGTERM or SIGINT, which let requests under way end;
a second one ends it at once. SIGHUP reads the configuration, certificates and the KEK
again; if anything is wrong with them, the old ones stay.

Every key of the configuration file is explained by usersigd print-config --default, and
in usersigd.yaml(5).

Exit status: 0 done, 1 a check failed, 2 wrong use, 3 could not.`

const rootExample = `  usersigd --data /var/lib/usersigd --init    # the first time
  usersigd --data /var/lib/usersigd           # from then on
  usersigd --config /etc/usersigd.yaml`

// flags are those of every command.
type flags struct {
	config string
	data   string
	init   bool
}

func newRoot(p *process) *cobra.Command {
	f := &flags{}
	root := &cobra.Command{
		Use:           "usersigd",
		Short:         "Issue and verify UserSigs",
		Long:          rootLong,
		Example:       rootExample,
		Version:       version(),
		SilenceErrors: true, // finish prints them
		SilenceUsage:  true,
		Args:          args(0),
		RunE:          func(cmd *cobra.Command, _ []string) error { return p.serve(cmd.Context(), f) },
	}
	cobra.EnableCommandSorting = false // they are in the order in which they are needed
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetVersionTemplate("usersigd {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return misuse("%w; see: %s --help", err, cmd.CommandPath())
	})
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentFlags().StringVar(&f.config, "config", "", "configuration `file`")
	root.PersistentFlags().StringVar(&f.data, "data", "", "`folder` of the state; overrides the key data")
	root.Flags().BoolVar(&f.init, "init", false, "make the state if there is none; overrides the key init")
	root.AddCommand(
		p.newInit(f), p.newCheckConfig(f), p.newPrintConfig(f), p.newAudit(f), p.newBackup(f),
		p.newKEK(f), p.newOperator(f), p.newAPIKey(), p.newVersion(), p.newLicenses(),
	)
	return root
}

// group returns a command that only has others below it.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return misuse("there is no such command; see: %s --help", cmd.CommandPath())
		},
	}
	cmd.AddCommand(below...)
	return cmd
}

// load reads the configuration that the flags, the environment and the file make. What
// is wrong in it is wrong use.
func (p *process) load(f *flags) (*config.Config, error) {
	cfg, err := config.Load(config.Source{File: f.config, Environ: p.environ, Flags: func(c *config.Config) {
		if f.data != "" {
			c.Data = f.data
		}
		if f.init {
			c.Init = true
		}
	}})
	if _, missing := errors.AsType[*fs.PathError](err); err != nil && !missing {
		return nil, &failure{exitMisuse, err}
	}
	return cfg, err
}

func (p *process) newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: args(0),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.stdout, "usersigd", version())
			return err
		},
	}
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"usersig/server/internal/config"
	"usersig/server/internal/daemon"
	"usersig/server/internal/telemetry"
)

func (p *process) newCheckConfig(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "check-config", Short: "Say what is wrong with the configuration", Args: args(0),
		Long: `Reads the configuration as the server would, with the environment and the flags, opens
the keys and certificates that it names, and says everything that is wrong. It opens
neither the state nor a port. Run it as the user that the server runs as, who alone can
read the keys.`,
		Example: `  usersigd check-config --config /etc/usersigd.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(f)
			if wrong, ok := errors.AsType[*failure](err); ok {
				return failed(wrong.err)
			}
			if err != nil {
				return err
			}
			log := telemetry.NewLogger(p.stderr, cfg.Log.Format, new(slog.LevelVar))
			if err := daemon.Check(cmd.Context(), cfg, log); err != nil {
				return failed(err)
			}
			_, err = fmt.Fprintln(p.stdout, "the configuration is good")
			return err
		},
	}
}

func (p *process) newPrintConfig(f *flags) *cobra.Command {
	var byDefault bool
	cmd := &cobra.Command{
		Use: "print-config", Short: "Print the configuration in force, or with --default a file that explains it", Args: args(0),
		Long: `Prints the configuration that the file, the environment and the flags make together.
Passwords in URLs are left out.`,
		Example: `  usersigd print-config --default > usersigd.yaml
  usersigd print-config --config /etc/usersigd.yaml`,
		RunE: func(*cobra.Command, []string) error {
			if byDefault {
				_, err := p.stdout.Write(config.DefaultFile)
				return err
			}
			cfg, err := p.load(f)
			if err != nil {
				return err
			}
			text, err := cfg.YAML()
			if err == nil {
				_, err = p.stdout.Write(text)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&byDefault, "default", false, "print every key with its default and its meaning")
	return cmd
}

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"usersig/server/internal/config"
)

func (p *process) newCheckConfig(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "check-config", Short: "Say what is wrong with the configuration", Args: args(0),
		RunE: func(*cobra.Command, []string) error {
			_, err := p.load(f)
			if wrong, ok := errors.AsType[*failure](err); ok {
				return failed(wrong.err)
			}
			if err == nil {
				_, err = fmt.Fprintln(p.stdout, "the configuration is good")
			}
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

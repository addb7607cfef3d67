package main

import (
	"io"

	"github.com/spf13/cobra"

	"usersig/server/internal/thirdparty"
)

func (p *process) newLicenses() *cobra.Command {
	return &cobra.Command{
		Use:   "licenses",
		Short: "Print the licences of what this program contains",
		Long:  "Print the licences and notices of the modules that are linked into this program. Whoever passes it on must pass them on too.",
		Args:  args(0),
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(p.stdout, thirdparty.Licences)
			return err
		},
	}
}

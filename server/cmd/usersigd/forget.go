package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"usersig/server/internal/daemon"
)

func (p *process) newForget(f *flags) *cobra.Command {
	var app uint32
	cmd := &cobra.Command{
		Use: "forget", Short: "End an application's keys whose KEK is lost for good", Args: args(0),
		Long: `Ends those hosted keys of an application that the KEK does not open, so that a server
can start and the application can get new ones. Every token that they signed is void.
Stop all servers first, and look for a backup of the KEK before: this is not undone by
finding it. The audit log says "KEK lost".

Without applications that need the lost KEK, "usersigd kek rewrap" is enough.`,
		Example: `  usersigd kek create /var/lib/usersigd/kek
  usersigd kek forget --data /var/lib/usersigd --app 1400000000`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if app == 0 {
				return misuse("forget needs --app; see: %s --help", cmd.CommandPath())
			}
			return p.withState(cmd, f, daemon.OpenSealed, func(s *daemon.State) error {
				n, err := s.Forget(cmd.Context(), app, time.Now)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(p.stdout, "keys that are dead now: %d\n", n)
				return err
			})
		},
	}
	cmd.Flags().Uint32Var(&app, "app", 0, "the `SDKAppID` whose keys are lost")
	return cmd
}

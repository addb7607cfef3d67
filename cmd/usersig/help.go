package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpFunc returns what --help does: print for people, or the same as JSON.
func (u *ui) helpFunc(plain func(*cobra.Command, []string)) func(*cobra.Command, []string) {
	return func(cmd *cobra.Command, args []string) {
		if !u.json {
			plain(cmd, args)
			return
		}
		_ = u.printJSON(manualOf(cmd)) // strings can always be encoded
	}
}

// manual is the help of a command as JSON.
type manual struct {
	Command  string       `json:"command"`
	Usage    string       `json:"usage"`
	Short    string       `json:"short"`
	Long     string       `json:"long"`
	Example  string       `json:"example"`
	Flags    []manualFlag `json:"flags"`
	Commands []string     `json:"commands"`
}

type manualFlag struct {
	Name    string `json:"name"`
	Value   string `json:"value,omitempty"` // what stands for it; none for a switch
	Default string `json:"default,omitempty"`
	Usage   string `json:"usage"`
}

func manualOf(cmd *cobra.Command) manual {
	m := manual{
		Command: cmd.CommandPath(), Usage: cmd.UseLine(), Short: cmd.Short, Long: cmd.Long, Example: cmd.Example,
		Flags: []manualFlag{}, Commands: []string{},
	}
	add := func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		flag := manualFlag{Name: f.Name, Usage: f.Usage}
		if f.Value.Type() != "bool" {
			flag.Value, flag.Default = f.Value.Type(), f.DefValue
		}
		m.Flags = append(m.Flags, flag)
	}
	cmd.LocalFlags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	for _, c := range cmd.Commands() {
		m.Commands = append(m.Commands, c.Name())
	}
	return m
}

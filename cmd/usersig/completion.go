package main

import (
	"github.com/spf13/cobra"
)

const completionLong = `Print the script that lets your shell complete usersig's commands, flags and values.`

const completionExample = `  # bash: for this session
  source <(usersig completion bash)

  # zsh: once, into a directory of $fpath
  usersig completion zsh > _usersig

  # fish: once, into ~/.config/fish/completions
  usersig completion fish > usersig.fish`

func newCompletion(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:       "completion bash|zsh|fish",
		Short:     "Print a shell's completion script",
		Long:      completionLong,
		Example:   completionExample,
		ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				switch root := cmd.Root(); args[0] {
				case "bash":
					return root.GenBashCompletionV2(&tracked{u}, true)
				case "zsh":
					return root.GenZshCompletion(&tracked{u})
				case "fish":
					return root.GenFishCompletion(&tracked{u}, true)
				}
			}
			return misuse("completion takes one shell: bash, zsh or fish").hint("see: usersig completion --help")
		},
	}
}

// tracked is standard output for code that writes by itself.
type tracked struct{ u *ui }

func (t *tracked) Write(b []byte) (int, error) {
	t.u.print(string(b))
	return len(b), nil
}

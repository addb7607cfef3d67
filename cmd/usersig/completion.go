package main

import (
	"bytes"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

const completionLong = `Print the script that lets your shell complete usersig's commands, flags and values.

bash needs no more than the script: where the bash-completion package is not loaded,
the script does without it.`

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
					return u.script(args[0], bashScript(root))
				case "zsh":
					return u.script(args[0], root.GenZshCompletion)
				case "fish":
					return u.script(args[0], func(w io.Writer) error { return root.GenFishCompletion(w, true) })
				}
			}
			return misuse("completion takes one shell: bash, zsh or fish").hint("see: usersig completion --help")
		},
	}
}

func (u *ui) script(shell string, write func(io.Writer) error) error {
	var script bytes.Buffer
	if err := write(&script); err != nil {
		return err
	}
	if u.json {
		return u.printJSON(struct {
			Shell  string `json:"shell"`
			Script string `json:"script"`
		}{shell, script.String()})
	}
	u.print(script.String())
	return nil
}

// bashScript is cobra's script, which without the bash-completion package prints an
// error at every Tab: its way to the words of the line is a function of that package.
func bashScript(root *cobra.Command) func(io.Writer) error {
	return func(w io.Writer) error {
		var script bytes.Buffer
		if err := root.GenBashCompletionV2(&script, true); err != nil {
			return err
		}
		_, err := io.WriteString(w, strings.Replace(script.String(), bashWords, bashWordsWithout, 1))
		return err
	}
}

const bashWords = `    _get_comp_words_by_ref "$@" cur prev words cword
`

// bashWordsWithout puts the words together again that bash breaks at "=" and ":".
const bashWordsWithout = `    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi
    # The bash-completion package is not loaded. What it would do is done here.
    local i rest line=$COMP_LINE last=
    words=() cword=0
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        rest=${line#"${line%%[![:space:]]*}"}
        if [[ $i -gt 0 && $line == "$rest" && ( ${COMP_WORDS[i]} == [=:]* || $last == *[=:] ) ]]; then
            words[${#words[@]}-1]+=${COMP_WORDS[i]}
        else
            words+=("${COMP_WORDS[i]}")
        fi
        last=${COMP_WORDS[i]}
        line=${rest#"$last"}
        if ((i == COMP_CWORD)); then
            cword=$((${#words[@]} - 1))
        fi
    done
    cur=${words[cword]} prev=
    if ((cword > 0)); then
        prev=${words[cword - 1]}
    fi
`
